"""``bridge check`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.commissioning.command_line import add

if TYPE_CHECKING:
    import argparse

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.command_line import Subparsers


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(
        commands, "check", summary=say("check.help"), about=say("check.help.about"), after=say("check.help.after")
    )
    parser.set_defaults(command=run)


def run(_: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.commissioning.check import check  # noqa: PLC0415

    return check(os.environ, sys.stdout)
