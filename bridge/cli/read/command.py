"""``bridge read`` on the command line."""

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
    parser = add(commands, say, "read")
    option = parser.add_argument
    option("meter", metavar="METER", help=say("read.help.meter"))
    option("--obis", action="append", default=[], metavar="OBIS", help=say("read.help.obis"))
    option("--class", dest="class_id", type=int, metavar="N", help=say("read.help.class"))
    option("--attribute", type=int, default=2, metavar="N", help=say("read.help.attribute"))
    option("--profile-generic", metavar="OBIS", default="", help=say("read.help.profile_generic"))
    option("--from", dest="start", metavar="TIME", default="", help=say("read.help.from"))
    option("--to", dest="end", metavar="TIME", default="", help=say("read.help.to"))
    option("--last", type=int, metavar="N", help=say("read.help.last"))
    option("--json", action="store_true", help=say("read.help.json"))
    option("--record", metavar="FILE", default="", help=say("read.help.record"))
    option("--direct", action="store_true", help=say("read.help.direct"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # None of this is loaded for ``bridge --help``.
    from bridge.cli.catalogue import Catalogue  # noqa: PLC0415
    from bridge.cli.read.read import read_meter  # noqa: PLC0415
    from bridge.cli.terminal import Terminal  # noqa: PLC0415

    return read_meter(arguments, os.environ, Catalogue.of(os.environ), Terminal(sys.stdout, os.environ))
