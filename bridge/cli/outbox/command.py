"""``bridge outbox`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers

ACTIONS = ("list", "export", "discard", "readdress")


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "outbox")
    parser.add_argument("action", choices=ACTIONS, help=say("outbox.help.action"))
    parser.add_argument("file", metavar="FILE", nargs="?", default="", help=say("outbox.help.file"))
    parser.add_argument("--yes", action="store_true", help=say("outbox.help.yes"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.outbox.outbox import OutboxCommand  # noqa: PLC0415

    return OutboxCommand(os.environ, sys.stdout).run(arguments.action, arguments.file, yes=arguments.yes)
