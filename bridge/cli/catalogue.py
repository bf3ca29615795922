"""Finds the sentence for a key and says it in the technician's language. Holds no sentence itself.

Each command's sentences lie beside it: a key's first word names the folder, whose ``sentences`` holds English and
Spanish. They are imported when the first of them is said.

The bridge's log, its errors and the names of settings are English everywhere: they are what one searches for. A line
of a command therefore says in the technician's language what it means, and quotes the English where there is one.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Self

from bridge.cli.typed_here import typed_here

if TYPE_CHECKING:
    from collections.abc import Mapping

_LANGUAGES = ("en", "es")
_ELSEWHERE = {"help": "bridge.cli.sentences"}
"""Where the sentences lie that belong to no command."""


class Catalogue:
    """Says sentences in one language.

    Args:
        language: ``en`` or ``es``.
        around: the variables, which tell what is to be typed here; None for what the stack of the compose file wants.
    """

    def __init__(self, language: str = "en", around: Mapping[str, str] | None = None) -> None:
        self.language = language
        self._around = around
        self._column = _LANGUAGES.index(language)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return the catalogue in the language of ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``, the first that is set."""
        chosen = next(filter(None, (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
        return cls("es" if chosen.lower().startswith("es") else "en", environ)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the sentence ``key`` with its placeholders filled.

        A count agrees with its noun: ``{count:sample waits|samples wait}`` says ``1 sample waits``, ``2 samples wait``.

        Raises:
            KeyError: there is no such sentence, or a value is missing. A mistake in the program; a test finds it.
        """
        filled = {name: _Count(value) if type(value) is int else value for name, value in values.items()}
        said = sentences(key.partition(".")[0])[key][self._column].format(**filled)
        return said if self._around is None else typed_here(said, self._around, self.language)


class _Count(int):
    """A number in a sentence, which may name what it counts."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return f"{int(self)} {one if self == 1 else many}" if bar else super().__format__(spec)


@cache
def sentences(command: str) -> Mapping[str, tuple[str, str]]:
    """Return all sentences of a command, or of ``help``, by key: English and Spanish.

    Raises:
        KeyError: no folder has sentences for it.
    """
    module = _ELSEWHERE.get(command, f"bridge.cli.{command}.sentences")
    try:
        said: Mapping[str, tuple[str, str]] = import_module(module).SENTENCES
    except ModuleNotFoundError as error:
        if error.name not in (module, module.rpartition(".")[0]):
            raise
        raise KeyError(command) from None
    return said
