"""A meter's own history, its load profiles and event logs (Profile generic, class 7), read back slice by slice.

    layout.py   what a profile holds, and how        ways.py      how a meter takes questions: tried once, learnt
    stamps.py   a row's clock as UTC                 ranges.py    the ends of a range; by_range.py: a slice by them
    rows.py     the buffer's rows, none lost         entries.py   a slice by the numbers of its rows
    asking.py   questions about one profile          slices.py    by range, by entry, or the whole buffer

Conversations over an association that stands. A refusal leaves it standing: ``AccessError`` and
``ValueUnreadableError`` cost nothing but the question. What becomes of the rows is the caller's business.
"""

from __future__ import annotations

from bridge.dlms.history.layout import HistoryLayout, examine
from bridge.dlms.history.rows import HistoryRow
from bridge.dlms.history.slices import SliceRead, oldest, read_slice
from bridge.dlms.history.stamps import MeterZone, ms_of
from bridge.dlms.history.ways import HistoryWays, SilentWayError

__all__ = [
    "HistoryLayout",
    "HistoryRow",
    "HistoryWays",
    "MeterZone",
    "SilentWayError",
    "SliceRead",
    "examine",
    "ms_of",
    "oldest",
    "read_slice",
]
