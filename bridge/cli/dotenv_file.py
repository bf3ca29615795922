"""``.env``, ``secrets`` and ``config/profiles`` in the present folder: what Docker Compose hands to a container.

Outside one nobody does, so the command line takes them itself: the same folder works both ways. What the environment
says already, stays; but the language of ``.env`` wins, for every shell has one of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_NAMES: Final = frozenset({"DATA_DIR", "LANG", "METERS_FILE", "PROFILES_DIR", "SECRETS_DIR"})
_FOLDERS: Final = {"SECRETS_DIR": Path("secrets"), "PROFILES_DIR": Path("config", "profiles")}
_LANGUAGES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def adopt(environ: MutableMapping[str, str], folder: Path | None = None) -> Path | None:
    """Put into ``environ`` what ``folder`` says of the bridge, and nothing else that may stand there.

    Args:
        environ: the variables.
        folder: where to look; the present one when left out.

    Returns:
        the ``.env`` that was read; None without one.
    """
    folder = folder or Path()
    file: Path | None = folder / ".env"
    try:
        text = (folder / ".env").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # none, or none of ours
        file, text = None, ""
    for name, value in _values(text):
        if name == "LANG" and value:
            for one in _LANGUAGES:
                environ.pop(one, None)
        environ.setdefault(name, value)
    for name, inside in _FOLDERS.items():
        if (folder / inside).is_dir():
            environ.setdefault(name, str(folder / inside))
    return file


def _values(text: str) -> list[tuple[str, str]]:
    """Return the variables of ours in it, in its order."""
    if not text:
        return []
    from io import StringIO  # noqa: PLC0415 - where there is no .env, none of this is needed

    from dotenv import dotenv_values  # noqa: PLC0415

    given = dotenv_values(stream=StringIO(text), interpolate=False)
    return [(name, value or "") for name, value in given.items() if "__" in name or name.upper() in _NAMES]
