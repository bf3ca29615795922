"""``bridge doctor`` on the command line."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers

_WATCH_EVERY_S = 20.0
"""Each look reads every meter, and tries the token while nobody has a session with it."""


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "doctor")
    parser.add_argument("--watch", action="store_true", help=say("doctor.help.watch"))
    parser.add_argument("--json", action="store_true", help=say("doctor.help.json"))
    parser.add_argument("--bundle", type=Path, metavar="FILE", help=say("doctor.help.bundle"))
    parser.add_argument("--within", type=float, default=60.0, metavar="SECONDS", help=say("doctor.help.within"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from loguru import logger  # noqa: PLC0415

    from bridge.cli.doctor.doctor import doctor  # noqa: PLC0415
    from bridge.cli.terminal import Terminal  # noqa: PLC0415
    from bridge.cli.watch import watch  # noqa: PLC0415

    logger.remove()  # the findings say it
    out = sys.stderr if str(arguments.bundle) == "-" else sys.stdout
    options = {"as_json": arguments.json, "bundle": arguments.bundle, "within_s": max(1.0, arguments.within)}
    examine = partial(doctor, os.environ, out, **options)
    return watch(examine, Terminal(out, os.environ), every_s=_WATCH_EVERY_S) if arguments.watch else examine()
