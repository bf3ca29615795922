"""Removes the settings' secrets from any text, in whatever form they appear. Knows forms, not formats.

Very short secrets (one or two characters) are removed only where they stand alone: they occur in every other word.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "<secret>"
_SHORT = 3
_SEPARATORS = ("", " ", ":", "-", ", ", ",", " 0x", ", 0x", "\\x")


def secrets_in(settings: BaseModel) -> Iterator[str]:
    """Yield every secret in ``settings``, those within its parts too."""
    for name in type(settings).model_fields:
        yield from _secrets_of(getattr(settings, name))


def _secrets_of(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            yield from secrets_in(value)
        case dict():
            for part in value.values():
                yield from _secrets_of(part)


class Redaction:
    """Masks ``secrets``.

    Args:
        secrets: as the settings hold them; a key in hex stands for its bytes, too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for raw in _raw(secret) for form in _forms(raw)}
        ordered = sorted(forms, key=len, reverse=True)  # the longest first: one may be within another
        self._pattern = re.compile("|".join(_pattern(form) for form in ordered), re.IGNORECASE) if ordered else None

    def masked(self, text: str) -> str:
        """Return ``text`` with every form of every secret replaced."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _raw(secret: str) -> Iterator[bytes]:
    if not secret:
        return
    yield secret.encode("utf-8", "surrogateescape")
    digits = re.sub(r"[\s:-]", "", secret.removeprefix("hex:"))
    if len(digits) >= 2 * _SHORT and len(digits) % 2 == 0 and re.fullmatch("[0-9A-Fa-f]+", digits):
        yield digits.encode()
        yield bytes.fromhex(digits)


def _forms(raw: bytes) -> Iterator[str]:
    """Yield how ``raw`` may be written; upper and lower case are told apart by nobody here."""
    octets = [f"{octet:02x}" for octet in raw]
    if len(raw) >= _SHORT:  # the hex of one or two octets is in every frame
        yield from (separator.join(octets) for separator in _SEPARATORS)
    yield from _base64(raw)
    text = raw.decode("utf-8", "replace")
    if "\ufffd" in text or not text.isprintable():
        text = raw.decode("latin-1")
    yield text
    yield html.escape(text)
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield ascii(text)[1:-1]
    yield repr(raw)[2:-1]
    yield quote(text)
    yield quote(text, safe="")
    yield quote_plus(text)


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the characters of Base64 that ``raw`` alone decides, wherever it begins in what is encoded."""
    if len(raw) <= _SHORT:
        return
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        first = (8 * before + 5) // 6
        last = 8 * (before + len(raw)) // 6
        whole = coded[first:last].decode()
        yield whole
        yield whole.replace("+", "-").replace("/", "_")


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _SHORT else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
