"""``bridge callers`` on the command line."""

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
    parser = add(commands, say, "callers")
    parser.add_argument("--json", action="store_true", help=say("callers.help.json"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.callers.callers import CallersCommand  # noqa: PLC0415

    return CallersCommand(os.environ, sys.stdout, as_json=arguments.json).run()
