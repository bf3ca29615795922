"""How ThingsBoard reads a payload, and what of a value is stored.

Rules: text that is a plain number becomes one; a NUL is cut out; null is left out; NaN and Infinity as bare words are
text, bytes that are no UTF-8 become U+FFFD. A row with a key that is empty, over 255 characters or has a NUL counts
and is not stored. A row without ``ts`` and ``values`` is all values, at the server's time.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

MAX_PACKET_BYTES = 65_536
"""Of a PUBLISH, behind its length."""
_LONGEST = 255
_PLAIN = re.compile(r"-?\d*\.?\d+", re.ASCII)
_INT64 = 1 << 63
_FAST = (float, int)


class Malformed(Exception):  # noqa: N818 - what it is, in ThingsBoard's words: payload format invalid
    """The payload cannot be read."""


class Reader:
    """Reads payloads; remembers keys that are fine, since they come again and again.

    ``poison``: a key whose rows cannot be read, for a trial.
    """

    def __init__(self) -> None:
        self._fine: set[str] = set()
        self.poison: str | None = None

    def rows(self, entry: Any, now_ms: int) -> tuple[list[tuple[int, dict[str, Any]]], int]:
        """Rows to store, as (time in ms, values), and how many values there were.

        Raises:
            Malformed: the device's entry is no list of rows, or one of them makes no sense.
        """
        if type(entry) is not list:
            raise Malformed
        rows, points = [], 0
        for row in entry:
            if type(row) is not dict:
                raise Malformed
            if "ts" in row and "values" in row:
                ts_ms, values = row["ts"], row["values"]
                if type(ts_ms) is not int:
                    ts_ms = _time(ts_ms)
            else:
                ts_ms, values = now_ms, row
            values = self.values(values)
            if self.poison in values:
                raise Malformed
            points += len(values)
            if values and self.storable(values):
                rows.append((ts_ms, values))
        return rows, points

    def values(self, values: Any) -> dict[str, Any]:
        """What is stored of ``values``.

        Raises:
            Malformed: it is no object.
        """
        if type(values) is not dict:
            raise Malformed
        for value in values.values():
            if type(value) not in _FAST or not -_INT64 <= value < _INT64:
                return {key: _stored(value) for key, value in values.items() if value is not None}
        return values

    def storable(self, values: dict[str, Any]) -> bool:
        """Whether every key can be stored."""
        fine = self._fine
        if values.keys() <= fine:
            return True
        if any(not key or len(key) > _LONGEST or "\0" in key for key in values):
            return False
        fine.update(values)
        return True


def parse(payload: bytes) -> Any:
    """What JSON it is.

    Raises:
        Malformed: none.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            return json.loads(payload.decode(errors="replace"), parse_constant=str, strict=False)
        except ValueError:
            raise Malformed from None


def good_name(name: str) -> bool:
    """Whether a device may be called so; an empty name is another matter."""
    return bool(name.strip()) and len(name) <= _LONGEST and "\0" not in name and not re.search(r"<\s*/?\w", name)


def good_type(name: str) -> bool:
    """Whether a device's type may be called so."""
    return good_name(name)


def _stored(value: Any) -> Any:
    if type(value) is str:
        if _PLAIN.fullmatch(value):
            number = float(value) if "." in value else int(value)
            return number if -_INT64 <= number < _INT64 else value
        return value.replace("\0", "")
    if type(value) is int and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def _time(ts: Any) -> int:
    if type(ts) is float:
        return int(ts)
    if type(ts) is str and re.fullmatch(r"-?\d+", ts, re.ASCII):
        return int(ts)
    raise Malformed
