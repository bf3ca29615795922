"""``bridge witness`` on the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers

PORT = 9109


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "witness")
    parser.add_argument("--host", metavar="ADDRESS", default="0.0.0.0", help=say("witness.help.host"))
    parser.add_argument("--port", metavar="PORT", type=int, default=PORT, help=say("witness.help.port"))
    parser.add_argument("--look", action="store_true", help=say("witness.help.look"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.catalogue import Catalogue  # noqa: PLC0415
    from bridge.cli.witness.look import look  # noqa: PLC0415
    from bridge.cli.witness.witness import serve  # noqa: PLC0415

    if arguments.look:
        return look(os.environ, sys.stdout, Catalogue.of(os.environ), own_port=arguments.port)
    return serve(os.environ, arguments.host, arguments.port)
