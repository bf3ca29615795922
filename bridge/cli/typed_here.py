"""What to type here: sentences name the stack's commands; where there is no stack, they say the same without Docker.

Of what only the stack has, Mosquitto for one, they still speak as they are written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK: Final = "DLMS_BRIDGE_STACK"
"""Set by the compose file, in the bridge's container."""
_WORDS: Final = {
    "en": ("the bridge's log", "start the bridge again", "stop the bridge"),
    "es": ("el log del puente", "volver a arrancar el puente", "detener el puente"),
}
_OF_THE_STACK: Final = ("in the stack: ", "en el stack: ")
"""Begins what is said of it and of nothing else."""


def is_native(environ: Mapping[str, str]) -> bool:
    """Return whether there is no stack around."""
    return not environ.get(STACK)


def typed_here(said: str, environ: Mapping[str, str], language: str) -> str:
    """Return a sentence as it reads without the stack.

    Args:
        said: the sentence.
        environ: ``UV`` is there under ``uv run``.
        language: of the sentence.
    """
    if "docker" not in said or any(words in said for words in _OF_THE_STACK):
        return said
    bridge = "uv run bridge" if environ.get("UV") else "bridge"
    log, again, stop = _WORDS[language]
    for pattern, instead in (
        (r"docker compose exec (?:-T )?bridge bridge\b", bridge),
        (r"docker compose run --rm bridge\b", bridge),
        (r"docker compose logs bridge(?! mosquitto)", log),
        (r"docker compose up -d\b", f"{bridge} run"),
        (r"docker compose restart(?: bridge\b|(?! \w))", again),
        (r"docker compose stop bridge\b", stop),
        (r" docker compose ps$", ""),
    ):
        said = re.sub(pattern, instead, said)
    return said
