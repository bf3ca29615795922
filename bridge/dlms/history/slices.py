"""A slice of a profile, read in the way that this meter goes: by range, by entry, or the whole buffer.

The order is that of cost. What is proven is used alone from then on; what was refused, or answered beside the
question, is not tried again. An answer without rows proves nothing: the next way is asked, until one shows rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.history.asking import ProfileQuestions
from bridge.dlms.history.by_range import SliceByRange
from bridge.dlms.history.entries import Entries, EntriesRead
from bridge.dlms.history.rows import HistoryRow, rows_of
from bridge.errors import AccessError, ValueUnreadableError

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.history.layout import HistoryLayout
    from bridge.dlms.history.ways import HistoryWays


_FEW_ENTRIES = 400
"""So many are read whole where each range is answered with nothing; more would hold up the line."""


class SliceRead(NamedTuple):
    """What a slice gave.

    Args:
        rows: those of the slice, by time; two of one time are both there.
        ways: what is known now of how this meter is asked. Keep it.
        is_whole: whether the meter has no other row of this slice. False where it gave none and no way is proven yet:
            nothing follows from that, ask for a slice that should have rows.
        undated: rows whose time cannot be found out; they are not among ``rows``.
        requests: how many questions it took.
    """

    rows: tuple[HistoryRow, ...]
    ways: HistoryWays
    is_whole: bool
    undated: int
    requests: int


def read_slice(  # noqa: PLR0917 - a slice, and how this meter is asked for it
    session: MeterSession, layout: HistoryLayout, start_ms: int, end_ms: int, ways: HistoryWays, here: tzinfo
) -> Conversation[SliceRead]:
    """Read the rows captured after ``start_ms`` and no later than ``end_ms``, milliseconds since 1970-01-01 UTC.

    Args:
        session: the association.
        layout: how the profile is made, as :func:`examine` has just read it.
        start_ms: where the slice begins.
        end_ms: where it ends; a day of it is a good size. Where ``ways.by`` is ``whole``, ask for all at once.
        ways: what is known of how this meter is asked; :class:`HistoryWays` of nothing at first.
        here: the time zone to take where the meter states none.

    Raises:
        AccessError: it gives rows in no way, or not at the moment; the association stands.
        ValueUnreadableError: the answer makes no sense, or the rows have no clock; the association stands.
        SilentWayError: it does not answer when it is asked in a new way. Keep its ``ways`` and ask again later.
        MeterError: as everywhere; the association is gone.
    """
    if layout.clock is None:
        raise ValueUnreadableError(
            f"captures no clock in {layout.logical_name}: nobody can tell when its rows are from",
            hint="leave this profile out of [[load_profiles]]",
        )
    questions = ProfileQuestions(session, layout.logical_name)
    is_refused = True
    if ways.by in ("", "range"):
        ranged = SliceByRange(questions, layout, start_ms, end_ms, ways=ways, here=here)
        rows = yield from ranged.read()
        ways, is_refused = ranged.ways, ranged.is_refused
        if rows is not None:
            return SliceRead(rows, ways, is_whole=True, undated=ranged.undated, requests=questions.count)
    if ways.by in ("", "entry") and "entry" not in ways.dead and layout.is_by_time:
        entries = _entries(questions, layout, ways, here)
        read = yield from entries.within(start_ms, end_ms)
        if read is not None:
            if read.rows:
                ways = replace(ways, by="entry", last_column=entries.last_column)
            inside = tuple(row for row in read.rows if start_ms < row.end_ms <= end_ms)
            return SliceRead(inside, ways, is_whole=True, undated=read.undated, requests=questions.count)
        ways = replace(ways.without("entry"), by="" if ways.by == "entry" else ways.by)
    if not is_refused and (layout.entries is None or layout.entries > _FEW_ENTRIES):
        return SliceRead((), ways, is_whole=False, undated=0, requests=questions.count)
    found = yield from _whole(questions, layout, ways, here)
    if found is None:
        raise AccessError(
            f"gives rows of {layout.logical_name} neither by time, nor by number, nor all at once",
            hint="may this client read the profile? ask the maker which selective access it has",
        )
    if found.rows:
        ways = replace(ways, by="whole")
    inside = tuple(row for row in found.rows if start_ms < row.end_ms <= end_ms)
    return SliceRead(inside, ways, is_whole=True, undated=found.undated, requests=questions.count)


def oldest(
    session: MeterSession, layout: HistoryLayout, ways: HistoryWays, here: tzinfo, *, now_ms: int | None = None
) -> Conversation[int | None]:
    """Return when the oldest row that the meter still has was captured, milliseconds since 1970-01-01 UTC.

    By number it takes three or four questions; by time it is looked for from where the number of rows would have it;
    of a meter that gives but the whole buffer, that is read.

    Args:
        session: the association.
        layout: how the profile is made.
        ways: what is known of how this meter is asked.
        here: the time zone to take where the meter states none.
        now_ms: the time; without it a meter that takes no numbers is not searched.

    Returns:
        None where there is no row, or where it cannot be found.

    Raises: as :func:`read_slice`.
    """
    if layout.clock is None:
        return None
    questions = ProfileQuestions(session, layout.logical_name)
    if ways.by != "whole" and "entry" not in ways.dead and layout.is_by_time:
        found = yield from _entries(questions, layout, ways, here).oldest()
        if found is not None:
            return found
    if ways.by == "whole":
        whole = yield from _whole(questions, layout, ways, here)
        return whole.rows[0].end_ms if whole is not None and whole.rows else None
    if ways.by != "range" or now_ms is None or not layout.period_s or not layout.entries:
        return None
    return (yield from _oldest_by_range(questions, layout, ways, here, now_ms))


_DAY_MS = 86_400_000
_MOST_STEPS = 40


def _oldest_by_range(
    questions: ProfileQuestions, layout: HistoryLayout, ways: HistoryWays, here: tzinfo, now_ms: int
) -> Conversation[int | None]:
    """Look where as many rows as there are would begin, and go on back as long as there are rows.

    A power cut makes none, so that the buffer reaches back further.
    """
    end_ms = now_ms - (layout.entries or 0) * layout.period_s * 1000 + _DAY_MS
    found: int | None = None
    for _ in range(_MOST_STEPS):
        ranged = SliceByRange(questions, layout, end_ms - _DAY_MS, end_ms, ways=ways, here=here)
        rows = (yield from ranged.read()) or ()
        if rows:
            found = rows[0].end_ms
        elif found is not None:
            break
        end_ms += _DAY_MS if found is None else -_DAY_MS
        if end_ms > now_ms + _DAY_MS:
            break
    return found


def _whole(
    questions: ProfileQuestions, layout: HistoryLayout, ways: HistoryWays, here: tzinfo
) -> Conversation[EntriesRead | None]:
    """Read all there is, at once or else part by part; None where neither is given."""
    result = yield from questions.buffer()
    if not result.refusal:
        found = rows_of(result.value, layout, here)
        return EntriesRead(found.rows, found.undated)
    if "entry" in ways.dead:
        return None
    return (yield from _entries(questions, layout, ways, here).all())


def _entries(questions: ProfileQuestions, layout: HistoryLayout, ways: HistoryWays, here: tzinfo) -> Entries:
    if_silent = None if ways.by == "entry" else ways.without("entry")
    return Entries(questions, layout, here, last_column=ways.last_column, if_silent=if_silent)
