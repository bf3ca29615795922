"""A load profile for the simulated meters: a quarter's rows by range, the same in every meter, made when asked for.

Columns are clock, status and active energy. A range is answered with the rows from its start to its end, both included;
ends are taken as UTC. What was asked once is answered from memory, so that what is measured is the reader.
"""

from __future__ import annotations

import struct
import time
from datetime import UTC, datetime

from tests.bench.answers import GET, VERSIONS, Book

PERIOD_S = 900
_PROFILE = b"\x00\x07" + bytes((1, 0, 99, 1, 0, 255))
_CLOCK = bytes((0, 0, 1, 0, 0, 255))
_STATUS = bytes((0, 0, 96, 10, 1, 255))
_ENERGY = bytes((1, 0, 1, 8, 0, 255))
_UNDEFINED = b"\x01\x04"
_RANGE_AT, _LIST = 13, 3
"""Octets of a GET before the access selector."""


class HistoryBook(Book):
    """Answers with a history.

    Args:
        lists: whether GET-WITH-LIST is supported.
        days: how far it reaches back from the start of the process.
    """

    def __init__(self, *, lists: bool = True, days: float = 30) -> None:
        super().__init__(lists=lists)
        rows = int(days * 86_400 / PERIOD_S)
        self._oldest_s = int(time.time()) // PERIOD_S * PERIOD_S - (rows - 1) * PERIOD_S
        captured = [_captured(8, _CLOCK), _captured(1, _STATUS), _captured(3, _ENERGY)]
        for attribute, data in (
            (3, _array(captured)),
            (4, struct.pack(">BI", 6, PERIOD_S)),
            (5, b"\x16\x01"),
            (7, struct.pack(">BI", 6, rows)),
            (8, struct.pack(">BI", 6, 60 * 96)),
        ):
            self._data[_PROFILE + bytes((attribute,))] = (b"\x00" + data,) * VERSIONS
        clock = b"\x00\x09\x0c" + _date_time(time.time())
        self._data[b"\x00\x08" + _CLOCK + b"\x02"] = (clock,) * VERSIONS

    @property
    def conformance(self) -> bytes:
        """As without, and selective access."""
        first, second, third = super().conformance
        return bytes((first, second, third | 0x04))

    def answers(self, apdu: bytes) -> tuple[int, int, tuple[bytes, ...]]:
        """As without a history, and rows by range and by entry."""
        if len(apdu) > _RANGE_AT and apdu[:2] == b"\xc0\x01" and apdu[3:12] == _PROFILE + b"\x02" and apdu[12]:
            head = bytes((0xC4, 1, apdu[2]))
            data = self._selected(apdu[13], apdu[14:])
            return GET, 0, (head + (b"\x00" + data if data else _UNDEFINED),) * VERSIONS
        kind, registers, answers = super().answers(apdu)
        return kind, registers if apdu[1] == _LIST else 0, answers  # live cycles ask by lists

    def _selected(self, selector: int, what: bytes) -> bytes:
        newest_s = int(time.time()) // PERIOD_S * PERIOD_S
        if selector == 1:
            first = what.index(b"\x09\x0c") + 2
            start_s, end_s = _stated_s(what[first : first + 12]), _stated_s(what[first + 14 : first + 26])
            begin_s = max(self._oldest_s, -(-start_s // PERIOD_S) * PERIOD_S)
            return _array([_row(at_s) for at_s in range(begin_s, min(end_s, newest_s) + 1, PERIOD_S)])
        _, first, _, last = struct.unpack(">BIBI", what[2:12])
        stamps = range(self._oldest_s, newest_s + 1, PERIOD_S)[first - 1 : last]
        return _array([_row(at_s) for at_s in stamps])


def _captured(class_id: int, name: bytes) -> bytes:
    return b"\x02\x04\x12" + struct.pack(">H", class_id) + b"\x09\x06" + name + b"\x0f\x02\x12\x00\x00"


def _row(at_s: int) -> bytes:
    return b"\x02\x03\x09\x0c" + _date_time(at_s) + b"\x11\x00" + struct.pack(">BI", 6, at_s // 60 % 0xFFFFFFFF)


def _array(items: list[bytes]) -> bytes:
    count = len(items)
    size = bytes((count,)) if count < 0x80 else b"\x82" + struct.pack(">H", count)
    return b"\x01" + size + b"".join(items)


def _date_time(at_s: float) -> bytes:
    at = datetime.fromtimestamp(int(at_s), UTC)
    day = struct.pack(">HBBB", at.year, at.month, at.day, at.isoweekday())
    return day + bytes((at.hour, at.minute, at.second, 0, 0, 0, 0))


def _stated_s(octets: bytes) -> int:
    year, month, day, _, hour, minute, second = struct.unpack(">HBBBBBB", octets[:8])
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
