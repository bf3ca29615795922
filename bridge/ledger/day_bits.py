"""Which time stamps of a UTC day were confirmed, in few bytes: a bit per period, and a list of what lies between. Pure.

A day of 15-minute intervals is 12 bytes; what does not lie on the history's grid (a clock that was set, a row sent
beside another of the same time) takes 4 bytes each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY_MS = 86_400_000


def day_of(ms: int) -> int:
    """Return the beginning of the UTC day in which ``ms`` lies."""
    return ms - ms % DAY_MS


def packed(stamps: Iterable[int], day_ms: int, period_ms: int, phase_ms: int) -> bytes:
    """Return the stamps of the day as bytes.

    Args:
        stamps: milliseconds, all of that day.
        day_ms: the day's beginning.
        period_ms: the grid's period; 0 for none.
        phase_ms: where on it the stamps lie.
    """
    first_ms, count = _grid(day_ms, period_ms, phase_ms)
    bits, others = 0, []
    for stamp in sorted(set(stamps)):
        number, rest = divmod(stamp - first_ms, period_ms) if period_ms else (0, 1)
        if rest == 0 and 0 <= number < count:
            bits |= 1 << number
        else:
            others.append((stamp - day_ms).to_bytes(4))
    return bits.to_bytes((count + 7) // 8) + b"".join(others)


def unpacked(kept: bytes, day_ms: int, period_ms: int, phase_ms: int) -> set[int]:
    """Return what :func:`packed` was given."""
    first_ms, count = _grid(day_ms, period_ms, phase_ms)
    size = (count + 7) // 8
    bits = int.from_bytes(kept[:size])
    found = {first_ms + number * period_ms for number in range(count) if bits >> number & 1}
    return found | {day_ms + int.from_bytes(kept[at : at + 4]) for at in range(size, len(kept), 4)}


def _grid(day_ms: int, period_ms: int, phase_ms: int) -> tuple[int, int]:
    """Return the first stamp on the grid in the day, and how many there are."""
    if not period_ms:
        return day_ms, 0
    first_ms = day_ms + (phase_ms - day_ms) % period_ms
    return first_ms, max(0, -((first_ms - day_ms - DAY_MS) // period_ms))
