"""``bridge outbox`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.commissioning.command_line import add

if TYPE_CHECKING:
    import argparse

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.command_line import Subparsers

ACTIONS = ("list", "export", "discard", "readdress")


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(
        commands, "outbox", summary=say("held.help"), about=say("held.help.about"), after=say("held.help.after")
    )
    parser.add_argument("action", choices=ACTIONS, help=say("held.help.action"))
    parser.add_argument("file", metavar="FILE", nargs="?", default="", help=say("held.help.file"))
    parser.add_argument("--yes", action="store_true", help=say("held.help.yes"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.commissioning.outbox_held import OutboxCommand  # noqa: PLC0415

    return OutboxCommand(os.environ, sys.stdout).run(arguments.action, arguments.file, yes=arguments.yes)
