"""How a command joins the command line: one help layout for all, in the technician's language.

Imported by every ``bridge --help``, so it loads nothing of the bridge but its sentences.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from bridge.cli.catalogue import Catalogue

Subparsers: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 - it has no public name

ALL_WELL, SOMETHING_WRONG, UNUSABLE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141
"""Exit codes, the same for every command: all is well; something is wrong; the configuration or
the command line cannot be used; Ctrl-C; nobody reads the output any more."""


class Parser(argparse.ArgumentParser):
    """A parser whose help speaks the technician's language; what argparse says of a mistake stays English.

    Args:
        say: the catalogue.
        options: as argparse takes them.
    """

    def __init__(self, say: Catalogue, **options: Any) -> None:
        super().__init__(add_help=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self._say = say
        self._positionals.title, self._optionals.title = say("help.arguments"), say("help.options")
        self.add_argument("-h", "--help", action="help", help=say("help.this"))

    def format_help(self) -> str:
        """Return the help, with ``usage`` in the language of the rest."""
        return self._say("help.usage") + super().format_help().removeprefix("usage: ")


def add(commands: Subparsers, say: Catalogue, name: str, key: str = "") -> argparse.ArgumentParser:
    """Return a new command's parser, with the three sentences of its help.

    Args:
        commands: where commands are added.
        say: the catalogue. Under ``key`` it has one line for the list of commands, under ``key.about`` what stands
            above the options, and under ``key.after`` what stands below them: examples and exit codes.
        name: what a technician types.
        key: of the sentences; empty for ``name.help``.
    """
    key = key or f"{name}.help"
    return commands.add_parser(
        name, say=say, help=say(key), description=say(f"{key}.about"), epilog=say(f"{key}.after")
    )
