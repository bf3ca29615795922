"""``bridge events`` on the command line."""

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
    parser = add(commands, say, "events")
    parser.add_argument("meter", metavar="METER", nargs="?", default="", help=say("events.help.meter"))
    parser.add_argument("--since", metavar="TIME", default="", help=say("events.help.since"))
    parser.add_argument("--limit", metavar="N", type=int, default=50, help=say("events.help.limit"))
    parser.add_argument("--json", action="store_true", help=say("events.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.events.events import EventsCommand  # noqa: PLC0415

    command = EventsCommand(os.environ, sys.stdout, as_json=arguments.json)
    return command.run(arguments.meter, arguments.since, arguments.limit)
