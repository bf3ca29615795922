"""``bridge read`` on the command line."""

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
    parser = add(commands, "read", summary=say("read.help"), about=say("read.about"), after=say("read.after"))
    option = parser.add_argument
    option("meter", metavar="METER", help=say("read.option.meter"))
    option("--obis", action="append", default=[], metavar="OBIS", help=say("read.option.obis"))
    option("--class", dest="class_id", type=int, metavar="N", help=say("read.option.class"))
    option("--attribute", type=int, default=2, metavar="N", help=say("read.option.attribute"))
    option("--profile-generic", metavar="OBIS", default="", help=say("read.option.profile_generic"))
    option("--from", dest="start", metavar="TIME", default="", help=say("read.option.from"))
    option("--to", dest="end", metavar="TIME", default="", help=say("read.option.to"))
    option("--last", type=int, metavar="N", help=say("read.option.last"))
    option("--json", action="store_true", help=say("read.option.json"))
    option("--record", metavar="FILE", default="", help=say("read.option.record"))
    option("--direct", action="store_true", help=say("read.option.direct"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # Nothing of this is loaded for ``bridge --help``.
    from bridge.commissioning import read  # noqa: PLC0415
    from bridge.commissioning.catalogue import Catalogue  # noqa: PLC0415
    from bridge.commissioning.terminal import Terminal  # noqa: PLC0415

    return read.run(arguments, os.environ, Catalogue.of(os.environ), Terminal(sys.stdout, os.environ))
