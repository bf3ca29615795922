"""``bridge status`` on the command line."""

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
    parser = add(commands, say, "status")
    parser.add_argument("--watch", action="store_true", help=say("status.help.watch"))
    parser.add_argument("--all", action="store_true", help=say("status.help.all"))
    parser.add_argument("--json", action="store_true", help=say("status.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.running_bridge import health_address  # noqa: PLC0415
    from bridge.cli.status.status import status  # noqa: PLC0415

    host, port = health_address(os.environ)
    return status(
        port,
        sys.stdout,
        host=host,
        environ=os.environ,
        as_json=arguments.json,
        watch=arguments.watch,
        every=arguments.all,
    )
