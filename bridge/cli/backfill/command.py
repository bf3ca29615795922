"""``bridge backfill`` on the command line."""

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
    parser = add(commands, say, "backfill")
    parser.add_argument("meter", metavar="METER", help=say("backfill.help.meter"))
    parser.add_argument("--from", dest="start", metavar="TIME", required=True, help=say("backfill.help.from"))
    parser.add_argument("--to", dest="end", metavar="TIME", default="", help=say("backfill.help.to"))
    parser.add_argument("--profile", metavar="OBIS", default="", help=say("backfill.help.profile"))
    parser.add_argument("--no-wait", action="store_true", help=say("backfill.help.no_wait"))
    parser.add_argument("--json", action="store_true", help=say("backfill.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.backfill.backfill import BackfillCommand  # noqa: PLC0415

    command = BackfillCommand(os.environ, sys.stdout, as_json=arguments.json)
    return command.run(
        arguments.meter, arguments.start, arguments.end, profile=arguments.profile, waits=not arguments.no_wait
    )
