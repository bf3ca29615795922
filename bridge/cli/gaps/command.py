"""``bridge gaps`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "gaps")
    parser.add_argument("meter", metavar="METER", nargs="?", default="", help=say("gaps.help.meter"))
    parser.add_argument("--all", action="store_true", help=say("gaps.help.all"))
    parser.add_argument("--json", action="store_true", help=say("gaps.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.gaps.gaps import GapsCommand  # noqa: PLC0415

    command = GapsCommand(os.environ, sys.stdout, as_json=arguments.json, everything=arguments.all)
    return command.run(arguments.meter)
