"""ThingsBoard's REST answer to a question for telemetry, with its traps. Pure.

an interval must be given    with an aggregation and no ``interval``, raw values come, a hundred of them, no error
700 intervals at most        more: 400 in plain text
the point's time             is the middle of the interval; the last one ends with the range
an interval without values   has no point, rather than a 0
an unknown zone              is UTC, silently; a known one counts for calendar intervals alone
the newest come first        where values are raw; ``limit`` is theirs and 100, and no aggregation heeds it
values                       are text
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CALENDAR = ("WEEK", "WEEK_ISO", "MONTH", "QUARTER")
Points = dict[str, list[dict[str, Any]]]


def series(rows: Mapping[int, Mapping[str, Any]], query: dict[str, str], *, max_intervals: int) -> Points | str:
    """Return points by key, or what is wrong as text.

    Args:
        rows: a device's values by time.
        query: of the request.
        max_intervals: how many one request may ask for.
    """
    kind = query.get("intervalType", "MILLISECONDS")
    if kind not in (*_CALENDAR, "MILLISECONDS"):
        return f"No enum constant IntervalType.{kind}"
    start, end = int(query["startTs"]), int(query["endTs"])
    found = sorted((ts, values) for ts, values in list(rows.items()) if start <= ts < end)
    keys = [key for key in query["keys"].split(",") if key]
    interval = int(query.get("interval", "0"))
    aggregation = query.get("agg", "NONE")
    if aggregation == "NONE" or (kind == "MILLISECONDS" and interval <= 0):
        limit, is_rising = int(query.get("limit", "100")), query.get("orderBy", "DESC") == "ASC"
        return _given({key: _raw(found, key, limit=limit, is_rising=is_rising) for key in keys})
    spans = list(_calendar(start, end, kind, query)) if kind in _CALENDAR else list(_fixed(start, end, interval))
    if len(spans) > max_intervals:
        return f"Incorrect TsKvQuery. Number of intervals is to high - {len(spans)}. Max: {max_intervals}"
    return _given({key: list(_aggregated(found, key, spans, aggregation)) for key in keys})


def _given(points: Points) -> Points:
    return {key: of_key for key, of_key in points.items() if of_key}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _raw(found: list[tuple[int, Mapping[str, Any]]], key: str, *, limit: int, is_rising: bool) -> list[dict[str, Any]]:
    points = [{"ts": ts, "value": _text(values[key])} for ts, values in found if key in values]
    return (points if is_rising else points[::-1])[:limit]


def _fixed(start: int, end: int, interval: int) -> Iterator[tuple[int, int]]:
    end = max(start + 1, end)
    while start < end:
        yield start, min(start + interval, end)
        start += interval


def _aggregated(
    found: list[tuple[int, Mapping[str, Any]]], key: str, spans: list[tuple[int, int]], aggregation: str
) -> Iterator[dict[str, Any]]:
    at = 0
    for start, end in spans:
        values = []
        while at < len(found) and found[at][0] < end:
            if found[at][0] >= start and key in found[at][1]:
                values.append(found[at][1][key])
            at += 1
        if values:
            said = len(values) if aggregation == "COUNT" else _figure(values, aggregation)
            yield {"ts": start + (end - start) // 2, "value": _text(said)}


def _figure(values: list[Any], aggregation: str) -> float:
    figures = [float(value) for value in values]
    return {"SUM": sum(figures), "AVG": sum(figures) / len(figures), "MIN": min(figures), "MAX": max(figures)}[
        aggregation
    ]


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC


def _calendar(start: int, end: int, kind: str, query: dict[str, str]) -> Iterator[tuple[int, int]]:
    zone = _zone(query.get("timeZone"))
    while start < end:
        here = datetime.fromtimestamp(start / 1000, zone)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if kind in ("WEEK", "WEEK_ISO"):
            past = midnight.weekday() if kind == "WEEK_ISO" else (midnight.weekday() + 1) % 7
            following = midnight - timedelta(days=past) + timedelta(days=7)
        else:
            months = 1 if kind == "MONTH" else 3 - (midnight.month - 1) % 3
            following = midnight.replace(
                day=1, year=midnight.year + (midnight.month + months - 1) // 12,
                month=(midnight.month + months - 1) % 12 + 1,
            )  # fmt: skip
        stop = min(int(following.timestamp() * 1000), end)
        yield start, stop
        start = stop
