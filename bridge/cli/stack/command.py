"""``bridge stack`` on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "stack")
    parser.add_argument("--shards", metavar="N", type=int, required=True, help=say("stack.help.shards"))
    parser.add_argument("--compose", action="store_true", help=say("stack.help.compose"))
    parser.add_argument("--out", metavar="FILE", type=Path, default=None, help=say("stack.help.out"))
    parser.add_argument("--nodes", metavar="A,B,C", default="", help=say("stack.help.nodes"))
    parser.add_argument("--image", metavar="NAME", default="", help=say("stack.help.image"))
    parser.add_argument("--unencrypted", action="store_true", help=say("stack.help.unencrypted"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge.cli.stack.stack import StackCommand  # noqa: PLC0415

    command = StackCommand(os.environ, sys.stdout, Path(), shards=arguments.shards)
    if arguments.compose:
        return command.write_override(arguments.out)
    nodes = [name.strip() for name in arguments.nodes.split(",") if name.strip()]
    return command.write_stack(
        arguments.out, nodes=nodes, image=arguments.image, is_encrypted=not arguments.unencrypted
    )
