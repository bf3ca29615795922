"""``bridge thingsboard`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers

ACTIONS = ("apply", "check", "remove", "token")


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "thingsboard")
    option = parser.add_argument
    option("action", choices=ACTIONS, help=say("thingsboard.help.action"))
    option("--yes", action="store_true", help=say("thingsboard.help.yes"))
    option("--dry-run", action="store_true", help=say("thingsboard.help.dry_run"))
    option("--force", action="store_true", help=say("thingsboard.help.force"))
    option("--gateway", metavar="NAME", default="Meter gateway", help=say("thingsboard.help.gateway"))
    option("--voltage", metavar="V", type=float, default=120.0, help=say("thingsboard.help.voltage"))
    option("--language", choices=("en", "es"), default=say.language, help=say("thingsboard.help.language"))
    option("--token-file", metavar="FILE", default="", help=say("thingsboard.help.token_file"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.thingsboard.thingsboard import ThingsBoardCommand  # noqa: PLC0415

    return ThingsBoardCommand(os.environ, sys.stdout).run(arguments)
