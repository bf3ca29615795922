"""``bridge objects`` on the command line."""

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
    parser = add(commands, say, "objects")
    option = parser.add_argument
    option("meter", metavar="METER", help=say("read.help.meter"))
    option("--only", action="append", default=[], metavar="OBIS", help=say("objects.help.only"))
    option(
        "--class", dest="class_id", action="append", type=int, default=[], metavar="N", help=say("objects.help.class")
    )
    option("--value", action="store_true", help=say("objects.help.value"))
    option("--profile-out", metavar="FILE", default="", help=say("objects.help.profile_out"))
    option("--json", action="store_true", help=say("read.help.json"))
    option("--direct", action="store_true", help=say("read.help.direct"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # None of this is loaded for ``bridge --help``.
    from bridge.cli.catalogue import Catalogue  # noqa: PLC0415
    from bridge.cli.objects.objects import list_objects  # noqa: PLC0415
    from bridge.cli.terminal import Terminal  # noqa: PLC0415

    return list_objects(arguments, os.environ, Catalogue.of(os.environ), Terminal(sys.stdout, os.environ))
