"""What a profile holds and how: its columns, which of them is the clock, its period, its order, the meter's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from bridge.dlms.cosem_classes import CLOCK, PROFILE_GENERIC
from bridge.dlms.history.stamps import MeterZone, local_of
from bridge.dlms.load_profile import ENTRIES_IN_USE, SORT_METHOD, ProfileColumn, columns_of, period_of
from bridge.dlms.selective_access import CLOCK_TIME

if TYPE_CHECKING:
    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation

UNIX_TIME: Final = "0.0.1.1.0.255"
"""Unix seconds in a Data object or a register (IEC 62056-6-1)."""
_PROFILE_ENTRIES = 8
_FIRST_IN_FIRST_OUT, LAST_IN_FIRST_OUT = 1, 2
_STATUS, _EVENT = ".96.10.", ".96.11."
_ODD_ZONES_MIN = (-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765)
_ZONES_MIN = sorted((*range(-720, 841, 60), *_ODD_ZONES_MIN))
"""The offsets that there are: whole hours, and a few others."""
_NEAR_MIN = 5
"""A clock is taken to be off by less than this from one of them."""
_SAME_MIN = 10
"""A clock that is off by less than this is no reason to doubt its sign."""


class HistoryLayout(NamedTuple):
    """How a profile is made.

    Args:
        logical_name: of the profile, six groups with dots.
        columns: what is captured, in order, each with its scaler and unit.
        period_s: seconds from one row to the next; 0 for rows that are captured by an event. Where the meter says it
            wrongly, replace it.
        clock: which column says when the row was captured; None where none does: its rows cannot be dated.
        status: which column is the profile's status; None where none is.
        sort_method: attribute 5: 1 first in first out, 2 last in first out, others by a value.
        entries: rows in the buffer when it was asked; None where the meter does not say.
        capacity: how many it can hold; None where the meter does not say.
        zone: what the meter's clock says of its zone.
    """

    logical_name: str
    columns: tuple[ProfileColumn, ...]
    period_s: int
    clock: int | None
    status: int | None
    sort_method: int = _FIRST_IN_FIRST_OUT
    entries: int | None = None
    capacity: int | None = None
    zone: MeterZone = MeterZone()

    @property
    def is_unix(self) -> bool:
        """Whether rows are dated in Unix seconds."""
        return self.clock is not None and self.columns[self.clock].class_id != CLOCK

    @property
    def is_newest_first(self) -> bool:
        """Whether the buffer's first row is the newest."""
        return self.sort_method == LAST_IN_FIRST_OUT

    @property
    def is_by_time(self) -> bool:
        """Whether the buffer is in the order in which rows were captured, one way or the other."""
        return self.sort_method in (_FIRST_IN_FIRST_OUT, LAST_IN_FIRST_OUT)

    @property
    def code(self) -> int | None:
        """Which column is an event's code: the first of 0-0:96.11.x, else the first with neither time nor status."""
        rest = [n for n in range(len(self.columns)) if n not in (self.clock, self.status)]
        return next((n for n in rest if _EVENT in self.columns[n].logical_name), rest[0] if rest else None)


def examine(
    session: MeterSession, logical_name: str, *, known: HistoryLayout | None = None, now_ms: int | None = None
) -> Conversation[HistoryLayout]:
    """Read how a profile is made. Do it before rows are read: a meter clears the buffer when its columns change.

    Args:
        session: the association.
        logical_name: of the profile, six groups with dots.
        known: what it was before: scalers and what never changes are not asked for again where the columns are the
            same. Three or four questions instead of seven and one per register.
        now_ms: the time, milliseconds since 1970-01-01 UTC, to within minutes, where it is known: it shows whether the
            meter's clock inverts the sign of its deviation, and which one it leaves out.

    Raises:
        AccessError: the meter refuses it, or has no such profile: one question, and the association stands.
        ValueUnreadableError: it is described in a way that makes no sense; the association stands.
        MeterError: as everywhere; the association is gone.
    """
    columns = yield from columns_of(session, logical_name, known=known.columns if known else ())
    period_s = yield from period_of(session, logical_name)
    is_known = known is not None and known.logical_name == logical_name and known.columns == columns
    entries = yield from _number(session, logical_name, ENTRIES_IN_USE)
    if known is not None and is_known:
        sort_method, capacity = known.sort_method, known.capacity
    else:
        sort_method = (yield from _number(session, logical_name, SORT_METHOD)) or _FIRST_IN_FIRST_OUT
        capacity = yield from _number(session, logical_name, _PROFILE_ENTRIES)
    zone = (yield from _zone(session, now_ms)) or (known.zone if known else MeterZone())
    return HistoryLayout(
        logical_name,
        columns,
        period_s,
        clock_of(columns),
        next((n for n, one in enumerate(columns) if one.class_id == 1 and _STATUS in one.logical_name), None),
        sort_method,
        entries,
        capacity,
        zone,
    )


def clock_of(columns: tuple[ProfileColumn, ...]) -> int | None:
    """Return which column says when a row was captured; None where none does."""
    clocks = [n for n, one in enumerate(columns) if one.class_id == CLOCK and one.attribute == CLOCK_TIME[2]]
    # The standard's own before another clock's, whichever comes first.
    clocks.sort(key=lambda n: columns[n].logical_name != CLOCK_TIME[1])
    clocks += [n for n, one in enumerate(columns) if one.logical_name == UNIX_TIME and one.attribute == 2]
    return clocks[0] if clocks else None


def _number(session: MeterSession, logical_name: str, attribute: int) -> Conversation[int | None]:
    result = yield from session.get(PROFILE_GENERIC, logical_name, attribute)
    value = result.value
    if result.refusal or isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return int(value)


def _zone(session: MeterSession, now_ms: int | None) -> Conversation[MeterZone | None]:
    """Return what the meter's clock says of its zone; None where it cannot be read."""
    result = yield from session.get(*CLOCK_TIME)
    stated = local_of(result.value) if isinstance(result.value, bytes) and not result.refusal else None
    if stated is None:
        return None
    deviation_min = stated.deviation_min
    zone = MeterZone(deviation_min, stated.is_summer)
    if now_ms is None or deviation_min == 0:
        return zone
    now = datetime.fromtimestamp(now_ms / 1000, UTC).replace(tzinfo=None)
    if deviation_min is None:
        return zone._replace(found_min=_found_min(stated.local - now))
    off_min = (stated.local + timedelta(minutes=deviation_min) - now).total_seconds() / 60
    other_min = (stated.local - timedelta(minutes=deviation_min) - now).total_seconds() / 60
    return zone._replace(is_inverted=abs(other_min) < _SAME_MIN < abs(off_min))


def _found_min(ahead: timedelta) -> int | None:
    """Return the offset of a zone by which a clock that states none is ahead; None where that is no zone's."""
    ahead_min = ahead.total_seconds() / 60
    found_min = min(_ZONES_MIN, key=lambda offset_min: abs(offset_min - ahead_min))
    return found_min if abs(ahead_min - found_min) < _NEAR_MIN else None
