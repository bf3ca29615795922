"""Values as JSON texts that every ThingsBoard takes. Pure.

Rules
    A number has no exponent (older servers take ``1e-05`` for a whole number and refuse it), at most 16 decimals
    (longer ones become text there) and a point when it passes 64 bits.
    NaN and infinities have no JSON.
    Text stays text: ThingsBoard makes a number of ``00012345``, so such text has a space in front there, and cuts NUL
    characters out, so they become U+FFFD. (Recorded: " 5" stays text, as do "+5", "1e5", "12E45" and "true".)
    Everything is ASCII, so that characters are bytes.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.sample import Scalar

_INT64 = 1 << 63
_DECIMALS = Decimal("1e-16")
_NUMBER = re.compile(r"-?\d*\.?\d+")  # of any script: Java reads them all
_SHORT = 16
"""Characters of a number with at most 15 digits: its shortest text is always this one."""


def kept_text(text: str) -> str:
    """The text written so that ThingsBoard keeps it as text."""
    return (f" {text}" if _NUMBER.fullmatch(text) else text).replace("\0", "\N{REPLACEMENT CHARACTER}")


def texts_of(
    scalars: tuple[Scalar | None, ...], *, as_said: Callable[[str], str] = str
) -> list[str] | list[str | None]:
    """Each value in JSON; None where JSON cannot express it.

    Args:
        scalars: the values.
        as_said: how a value that is text is written.
    """
    try:
        texts = orjson.dumps(scalars)[1:-1].decode().split(",")
    except TypeError:  # a whole number past 64 bits
        return [_text(value, as_said) for value in scalars]
    # Taken when orjson found nothing but short numbers, written as plainly as they are here: exponents, true, false,
    # null and text all have one of these letters in them.
    said = "".join(texts)
    is_plain = not ("e" in said or "n" in said or '"' in said) and len(texts) == len(scalars)
    if is_plain and max(map(len, texts)) <= _SHORT:
        return texts
    return [_text(value, as_said) for value in scalars]


def _text(value: object, as_said: Callable[[str], str]) -> str | None:
    """The value in JSON; None where JSON cannot express it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            # Past 64 bits ThingsBoard refuses a whole number, but accepts one with a decimal point.
            return str(value) if -_INT64 <= value < _INT64 else _huge(value)
        case float() if math.isfinite(value):
            text = repr(value)
            return text if len(text) <= _SHORT and "e" not in text else _decimal(value)
        case str():
            return quoted(as_said(value))
        case _:
            return None


def quoted(text: str) -> str:
    """Text in JSON."""
    return json.dumps(text)


def literal(text: str) -> str:
    """Text in JSON, as a part of a template for ``%``."""
    return quoted(text).replace("%", "%%")


def _huge(value: int) -> str | None:
    try:
        return _decimal(float(value))
    except OverflowError:
        return None


def _decimal(value: float) -> str:
    # A double holds fifteen digits for certain; the rest is noise such as 0.30000000000000004.
    number = Decimal(f"{value:.15g}")
    if number.as_tuple().exponent < _DECIMALS.as_tuple().exponent:  # type: ignore[operator]  # finite: always an int
        number = number.quantize(_DECIMALS)
    text = f"{number:f}"
    return text if "." in text else f"{text}.0"
