"""``bridge check`` on the command line."""

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
    parser = add(commands, say, "check")
    parser.set_defaults(command=run)


def run(_: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.check.check import check  # noqa: PLC0415

    return check(os.environ, sys.stdout)
