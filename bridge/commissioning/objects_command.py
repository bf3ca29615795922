"""``bridge objects`` on the command line."""

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
        commands, "objects", summary=say("objects.help"), about=say("objects.about"), after=say("objects.after")
    )
    option = parser.add_argument
    option("meter", metavar="METER", help=say("read.option.meter"))
    option("--only", action="append", default=[], metavar="OBIS", help=say("objects.option.only"))
    option(
        "--class", dest="class_id", action="append", type=int, default=[], metavar="N", help=say("objects.option.class")
    )
    option("--value", action="store_true", help=say("objects.option.value"))
    option("--profile-out", metavar="FILE", default="", help=say("objects.option.profile_out"))
    option("--json", action="store_true", help=say("read.option.json"))
    option("--direct", action="store_true", help=say("read.option.direct"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # Nothing of this is loaded for ``bridge --help``.
    from bridge.commissioning.catalogue import Catalogue  # noqa: PLC0415
    from bridge.commissioning.objects import run as objects  # noqa: PLC0415
    from bridge.commissioning.terminal import Terminal  # noqa: PLC0415

    return objects.run(arguments, os.environ, Catalogue.of(os.environ), Terminal(sys.stdout, os.environ))
