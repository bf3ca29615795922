"""The command line: parses, and calls the command that was named. Each command has a module of its own.

Nothing here imports what a command needs: ``bridge --help`` must not load a DLMS stack.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.cli import dotenv_file
from bridge.cli.catalogue import Catalogue
from bridge.cli.parsers import INTERRUPTED, PIPE_CLOSED, Parser, add
from bridge.demo import command as demo_command
from bridge.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from bridge.cli.parsers import Subparsers

_COMMANDS = (
    "audit",
    "backfill",
    "callers",
    "check",
    "doctor",
    "drain",
    "events",
    "gaps",
    "objects",
    "outbox",
    "probe",
    "read",
    "stack",
    "status",
    "thingsboard",
    "witness",
)
"""Modules of ``bridge/cli``, in the order of the help. Each has ``register(commands, say)``."""

_OF_THE_DISK = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
"""What a command cannot mend where it was to write a file: one line says it, and no trace of the program."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` names and return its exit code."""
    command = None
    try:
        dotenv_file.adopt(os.environ)
        if hasattr(time, "tzset"):
            time.tzset()  # the time zone may have come with it
        arguments = _parser(Catalogue.of(os.environ)).parse_args(argv)
        command = arguments.command
        code: int = command(arguments)
    except ConfigError as error:
        code = _complain(error)
    except PermissionError as error:
        sys.stderr.write(f"✘ {Catalogue.of(os.environ)('help.denied', path=error.filename or error)}\n")
        code = 2
    except BrokenPipeError:  # the reader has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    except OSError as error:
        if error.errno not in _OF_THE_DISK or not error.filename or command is _run:
            raise
        sys.stderr.write(f"✘ {error.filename}: {error.strerror}\n")
        code = 2
    except KeyboardInterrupt:  # the command itself has let go of everything by now
        code = INTERRUPTED
    return code


def _complain(error: ConfigError) -> int:
    """Print every problem of ``error`` on standard error and return the exit code: 2."""
    with suppress(BrokenPipeError):
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(Catalogue.of(os.environ)("help.mistakes", count=len(error.problems)) + "\n")
    return 2


def _parser(say: Catalogue) -> argparse.ArgumentParser:
    parser = Parser(say, prog="bridge", description=say("help.about"), epilog=say("help.after"))
    parser.add_argument("--version", action="version", version=f"dlms-bridge {__version__}", help=say("help.version"))
    parser.set_defaults(command=_run)
    commands = parser.add_subparsers(title=say("help.commands"), metavar=say("help.command"))
    run = add(commands, say, "run", "help.run")
    run.set_defaults(command=_run)
    for name in _COMMANDS:
        import_module(f"bridge.cli.{name}.command").register(commands, say)
    _add_demo_meter(commands, say)
    return parser


def _add_demo_meter(commands: Subparsers, say: Catalogue) -> None:
    meter = add(commands, say, "demo-meter", "help.demo")
    demo_command.add_arguments(meter)
    meter.set_defaults(command=demo_command.run)


def _run(_: argparse.Namespace) -> int:
    from loguru import logger  # noqa: PLC0415

    from bridge import drain, process  # noqa: PLC0415
    from bridge.cli.running_bridge import in_container  # noqa: PLC0415
    from bridge.configuration.exposed import exposed  # noqa: PLC0415
    from bridge.configuration.load import load  # noqa: PLC0415
    from bridge.health import logs  # noqa: PLC0415

    settings = load(os.environ)
    recent = logs.set_up(settings.log)
    if in_container() and (names := exposed(os.environ)):
        logger.warning(
            "settings | docker inspect shows {} of .env: {} | put each in a file of ./secrets named like it, and take "
            "it out of .env",
            "a secret" if len(names) == 1 else f"{len(names)} secrets",
            ", ".join(names[:5]) + (", …" if len(names) > 5 else ""),
        )
    if settings.shard.drain_only:
        return drain.run([settings])
    return process.run(settings, log=recent.text)


if __name__ == "__main__":
    sys.exit(main())
