"""The body of a sample: its values as the JSON object that stands in the outbox and goes to ThingsBoard. Pure.

A value with a doubt has a second key beside it, ``<key>_quality``, whose value is the doubt as text. A value that is
nothing but a doubt has that key alone. Text is written so that ThingsBoard keeps it as text (``json_text.py``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.outbox.json_text import kept_text, literal, quoted, texts_of

if TYPE_CHECKING:
    from bridge.sample import Sample

QUALITY = "_quality"
"""What a key's doubt is called: the key and this."""

_FORMS = 1024  # kinds of meters whose JSON is kept ready; more than there are profiles


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
