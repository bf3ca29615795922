"""``.env``, ``secrets`` and ``config/profiles`` in the present folder: what Docker Compose hands to a container.

Outside one nobody does, so the command line takes them itself: the same folder works both ways. What the environment
says already, stays; but the language of ``.env`` wins, for every shell has one of its own.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_NAMES: Final = frozenset({"DATA_DIR", "LANG", "METERS_FILE", "PROFILES_DIR", "SECRETS_DIR", "TZ"})
_FOLDERS: Final = {"SECRETS_DIR": Path("secrets"), "PROFILES_DIR": Path("config", "profiles")}
_LANGUAGES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def adopt(environ: MutableMapping[str, str], folder: Path | None = None) -> Path | None:
    """Put into ``environ`` what ``folder`` says of the bridge, and nothing else that may stand there.

    Args:
        environ: the variables.
        folder: where to look; the present one when left out.

    Returns:
        the ``.env`` that was read; None without one.

    Raises:
        PermissionError: there is one, and it may not be read: without it the demo meter would be read
    """
    folder = folder or Path()
    file: Path | None = folder / ".env"
    try:
        text = _text_of((folder / ".env").read_bytes())
    except PermissionError:
        raise
    except OSError:  # there is none
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


def _text_of(raw: bytes) -> str:
    """Return what stands there; a byte that is no UTF-8 stays one, so that the setting with it can be named."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as some editors and shells write it
        return raw.decode("utf-16", "replace")
    return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")


def _values(text: str) -> list[tuple[str, str]]:
    """Return the variables of ours in it, in its order."""
    if not text:
        return []
    from io import StringIO  # noqa: PLC0415 - where there is no .env, none of this is needed

    from dotenv import dotenv_values  # noqa: PLC0415

    given = dotenv_values(stream=StringIO(text), interpolate=False)
    return [(name, value or "") for name, value in given.items() if "__" in name or name.upper() in _NAMES]
