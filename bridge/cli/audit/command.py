"""``bridge audit`` on the command line."""

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
    parser = add(commands, say, "audit")
    parser.add_argument("meter", metavar="METER", nargs="?", default="", help=say("audit.help.meter"))
    parser.add_argument("--since", metavar="TIME", default="7d", help=say("audit.help.since"))
    parser.add_argument("--repair", action="store_true", help=say("audit.help.repair"))
    parser.add_argument("--json", action="store_true", help=say("audit.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from loguru import logger  # noqa: PLC0415

    from bridge.cli.audit.audit import AuditCommand  # noqa: PLC0415

    logger.remove()  # the findings say it
    command = AuditCommand(os.environ, sys.stdout, as_json=arguments.json)
    return command.run(arguments.meter, arguments.since, repair=arguments.repair)
