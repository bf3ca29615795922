"""How a command joins the command line: the same help layout for all, in the technician's language.

Imported by every ``bridge --help``, so it loads nothing of the bridge but its sentences.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name

ALL_WELL, SOMETHING_WRONG, UNUSABLE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141
"""Exit codes, the same for every command: what was looked at is well; something in it is wrong; the configuration or
the command line cannot be used; Ctrl-C; nobody reads the output any more."""


def add(commands: Subparsers, name: str, *, summary: str, about: str, after: str) -> argparse.ArgumentParser:
    """Return a new command's parser.

    Args:
        commands: where commands are added.
        name: what a technician types.
        summary: one line in the list of commands.
        about: what it does, above its options.
        after: examples and exit codes, below them.
    """
    return commands.add_parser(
        name,
        help=summary,
        description=about,
        epilog=after,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
