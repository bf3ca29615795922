"""The body of a sample: its values as the JSON object that is stored in the outbox and sent to ThingsBoard. Pure.

A doubtful value has a second key beside it, ``<key>_quality``, whose value is the doubt as text. Where there is only a
doubt and no value, that key stands alone. Text is written so that ThingsBoard keeps it as text (``json_text.py``).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.outbox.json_text import kept_text, literal, quoted, texts_of

if TYPE_CHECKING:
    from bridge.sample import Sample

ESTIMATED = "time estimated"
"""The doubt of every value of a sample whose time comes from the meters' clocks, or from less."""
QUALITY = "_quality"
"""What a key's doubt is called: the key and this."""

_FORMS = 1024  # kinds of meters whose JSON is kept ready; more than there are profiles


def doubted(text: str) -> str:
    """Return a body with :data:`ESTIMATED` as the doubt of each value that has none; nothing else changes."""
    doubts = "".join(_doubts(text))
    return text[:-1] + doubts + "}" if doubts else text


def undoubted(text: str) -> str:
    """Return a body as it was before :func:`doubted`."""
    doubts = "".join(_doubts(text)) + "}"
    return text.removesuffix(doubts) + "}" if len(doubts) > 1 and text.endswith(doubts) else text


def _doubts(text: str) -> list[str]:
    try:
        values = dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return []  # a damaged row is sent as it is
    ours = {key for key, said in values.items() if key.endswith(QUALITY) and said == ESTIMATED}
    plain = [key for key in values if key not in ours and not key.endswith(QUALITY)]
    return [
        f",{quoted(key + QUALITY)}:{quoted(ESTIMATED)}"
        for key in plain
        if key + QUALITY not in values or key + QUALITY in ours
    ]


def body(sample: Sample) -> str:
    """The sample's values as a JSON object, ready for the outbox; ``{}`` when none of them can be said in JSON."""
    keys, texts = sample.layout.keys, texts_of(sample.scalars, as_said=kept_text)
    if texts and not sample.qualities and None not in texts:
        return _body_form(keys) % tuple(texts)
    said = [f"{quoted(key)}:{text}" for key, text in zip(keys, texts, strict=True) if text is not None]
    for key, quality in zip(keys, sample.qualities, strict=False):
        if quality and key + QUALITY not in keys:
            said.append(f"{quoted(key + QUALITY)}:{quoted(kept_text(quality))}")
    return "{" + ",".join(said) + "}"


@lru_cache(_FORMS)
def _body_form(keys: tuple[str, ...]) -> str:
    """The body of every sample with these keys, with a ``%s`` for each value."""
    return "{" + ",".join(f"{literal(key)}:%s" for key in keys) + "}"
