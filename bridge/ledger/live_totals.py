"""Live readings of registers that add up, kept around each midnight (UTC): witnesses for the sum check.

The last reading a minute before and the first a minute after: the meter's own midnight, by which it captures its load
profile, may be off by so much. Only what adds up (an energy, by its OBIS code) is kept, and only for meters that have
a load profile. A restart around midnight costs that day's witness and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.ledger.day_bits import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bridge.sample import Layout, Sample

ASIDE_MS = 60_000
_TIME_INTEGRAL = "8"


class LiveTotal(NamedTuple):
    """A register around one midnight.

    Args:
        meter: whose.
        key: the register's telemetry key, as live samples have it.
        at_ms: the midnight, UTC milliseconds.
        unit: as text.
        before: the last reading before it.
        after: the first after it.
    """

    meter: str
    key: str
    at_ms: int
    unit: str
    before: float
    after: float


class _Watch:
    """One meter's readings: those that await the next midnight, and those that await their other side."""

    __slots__ = ("before", "layout", "midnight_ms", "places")

    def __init__(self, layout: Layout, midnight_ms: int) -> None:
        self.layout = layout
        self.places = [place for place, obis in enumerate(layout.obis) if _adds_up(obis)]
        self.midnight_ms = midnight_ms
        self.before: tuple[object, ...] = ()


class LiveTotals:
    """Hears every live sample.

    Args:
        now_ms: the time; None while nobody knows it.
        keep: takes what was found around a midnight.
    """

    def __init__(self, now_ms: Callable[[], int | None], keep: Callable[[list[LiveTotal]], object]) -> None:
        self._now_ms = now_ms
        self._keep = keep
        self._watches: dict[str, _Watch | None] = {}

    def watch(self, meters: Collection[str]) -> None:
        """Keep those of these meters from now on."""
        self._watches = dict.fromkeys(meters)

    def live(self, sample: Sample) -> None:
        """Hear of a sample that was just read."""
        if sample.layout.meter not in self._watches or (now_ms := self._now_ms()) is None:
            return
        watch = self._watches[sample.layout.meter]
        if watch is None or watch.layout is not sample.layout:
            watch = _Watch(sample.layout, _next_midnight(now_ms))
            self._watches[sample.layout.meter] = watch
        if now_ms <= watch.midnight_ms - ASIDE_MS:
            watch.before = sample.scalars
        elif now_ms >= watch.midnight_ms + ASIDE_MS:
            if watch.before and now_ms < watch.midnight_ms + DAY_MS:
                self._found(watch, sample)
            watch.midnight_ms, watch.before = _next_midnight(now_ms), sample.scalars

    def _found(self, watch: _Watch, sample: Sample) -> None:
        layout, found = watch.layout, []
        for place in watch.places:
            before, after = watch.before[place], sample.scalars[place]
            if _is_number(before) and _is_number(after):
                found.append(
                    LiveTotal(
                        layout.meter, layout.keys[place], watch.midnight_ms, layout.units[place],
                        float(before), float(after),  # type: ignore[arg-type]
                    )
                )  # fmt: skip
        if found:
            self._keep(found)


def _next_midnight(now_ms: int) -> int:
    """Return the next midnight that is still far enough for a reading before it."""
    return now_ms + ASIDE_MS + (-(now_ms + ASIDE_MS)) % DAY_MS


def _adds_up(obis: str) -> bool:
    """Return whether the register is a time integral since the beginning: group D of ``1-0:1.8.0`` is 8."""
    return obis.rpartition(":")[2].split(".")[1:2] == [_TIME_INTEGRAL]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
