"""``bridge drain`` on the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bridge.cli.parsers import add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "drain")
    parser.set_defaults(command=run)


def run(_: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    from bridge import drain  # noqa: PLC0415
    from bridge.cli.drain.shard_folders import settings_of_folders  # noqa: PLC0415
    from bridge.health import logs  # noqa: PLC0415

    folders = settings_of_folders(os.environ)
    logs.set_up(folders[0].log)
    return drain.run(folders)
