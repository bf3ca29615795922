"""What a COSEM attribute holds, as a Python value with its scaler applied. Pure; knows no gurux class by name."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.sample import Scalar


def scaled(raw: Scalar, scaler: int) -> Scalar:
    """Return ``raw`` times ten to the power of ``scaler``, without binary noise: 13519 with -2 is 135.19.

    Text and booleans have no scale and come back as they are.
    """
    if scaler == 0 or isinstance(raw, bool | str):
        return raw
    if isinstance(raw, int):
        # Division of integers rounds once, to the float nearest the decimal; a product with 0.01 rounds twice.
        power: int = 10 ** abs(scaler)
        return raw * power if scaler > 0 else raw / power
    return float(Decimal(repr(raw)).scaleb(scaler)) if math.isfinite(raw) else raw


def scalar(raw: Any) -> Scalar:
    """Return what gurux decoded as a plain value: numbers and booleans as they are, everything else as text.

    Octet strings become text when they are printable ASCII, else hex: serial numbers come both ways.
    """
    if isinstance(raw, bool | int | float | str):
        return raw
    if isinstance(raw, bytes | bytearray):
        data = bytes(raw)
        return data.decode() if data.isascii() and data.decode().isprintable() and data else data.hex().upper()
    if isinstance(value := getattr(raw, "value", None), int):  # enum, bit fields
        return value
    return str(raw)
