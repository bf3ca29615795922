"""What may have become of an interval of a meter's history, and ranges of time of one state. Pure.

==================  ===========================================================================  =================
state               means                                                                        what follows
==================  ===========================================================================  =================
``wanted``          the meter should have it; it was not read, or what was read is not stored    it is read
``on its way``      read, and in the outbox; after a restart it is wanted again                  its receipt says
``confirmed``       stored where samples go, by the outbox's receipt                             nothing
``meter was off``   the meter has no row of it, though it has later ones                         nothing
``overwritten``     the meter had later rows only by the time that it was asked                  nothing
``refused``         ThingsBoard will not take it, or the meter will not give it                  nothing; see why
==================  ===========================================================================  =================

A range is half-open, ``start_ms <= t < end_ms``, in UTC. An interval that ends at E covers the period before E: it
belongs to the range with ``start_ms < E <= end_ms``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

IntervalState = Literal["confirmed", "on its way", "wanted", "meter was off", "overwritten", "refused"]
STATES: tuple[IntervalState, ...] = (
    "wanted", "on its way", "confirmed", "meter was off", "overwritten", "refused",
)  # fmt: skip
"""Their place is their number in the file: only ever add to the end."""


class Range(NamedTuple):
    """A time of one state.

    Args:
        start_ms: its beginning, milliseconds since 1970-01-01 UTC.
        end_ms: its end, not part of it.
        state: what became of the intervals in it.
        reason: why, for a person; empty where the state says all.
    """

    start_ms: int
    end_ms: int
    state: IntervalState
    reason: str = ""

    def within(self, start_ms: int, end_ms: int) -> Range | None:
        """Return the part of it that lies there; None when there is none."""
        start_ms, end_ms = max(self.start_ms, start_ms), min(self.end_ms, end_ms)
        return self._replace(start_ms=start_ms, end_ms=end_ms) if start_ms < end_ms else None


def painted(ranges: Iterable[Range], new: Range) -> list[Range]:
    """Return ``ranges`` with ``new`` over them: in order, none overlapping, alike neighbours as one.

    Args:
        ranges: in order, none overlapping.
        new: the latest word on its time.
    """
    if new.start_ms >= new.end_ms:
        return list(ranges)
    found: list[Range] = []
    is_placed = False
    for one in ranges:
        if before := one.within(one.start_ms, new.start_ms):
            _add(found, before)
        if not is_placed and one.end_ms > new.start_ms:
            _add(found, new)
            is_placed = True
        if after := one.within(new.end_ms, one.end_ms):
            _add(found, after)
    if not is_placed:
        _add(found, new)
    return found


def _add(found: list[Range], one: Range) -> None:
    if found and found[-1].end_ms == one.start_ms and found[-1][2:] == one[2:]:
        found[-1] = found[-1]._replace(end_ms=one.end_ms)
    else:
        found.append(one)
