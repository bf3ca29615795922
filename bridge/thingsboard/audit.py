"""The audit: what ThingsBoard has, set against what it should have, to the very interval.

A mark shows that ThingsBoard stored what came before it; it cannot show a row that ThingsBoard dropped by itself, or
that somebody deleted. So counts are compared, by device, key and UTC day; where they differ the time stamps are, and
what is missing is named. ThingsBoard may have more than it should: what is on its way, what another program wrote.

Equal counts count as equal: a day with as many foreign values as missing ones is not found.
Synchronous, at its own pace: one request at a time, a day's worth of raw values at most in each.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bridge.thingsboard.expected import DAY_MS, Expected, MissingValues

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from bridge.thingsboard.expected import AuditExpectation
    from bridge.thingsboard.telemetry import StoredTelemetry


class _Span(NamedTuple):
    """A part of a UTC day, or all of it, and a key."""

    start_ms: int
    end_ms: int
    key: str

    @property
    def is_day(self) -> bool:
        return self.end_ms - self.start_ms == DAY_MS


@dataclass(slots=True)
class AuditedMeter:
    """What the audit found of one meter.

    Args:
        meter: the meter's name in the settings.
        device: its device's name in ThingsBoard.
        is_there: whether ThingsBoard has a device of that name.
        values: how many values it should have.
        missing: those that it has not, by key and day; in order.
        unnamed: how many more it has not, by their number alone: so many are not compared at once.
    """

    meter: str
    device: str
    is_there: bool = True
    values: int = 0
    missing: list[MissingValues] = field(default_factory=list)
    unnamed: int = 0

    @property
    def missing_values(self) -> int:
        """How many values are missing."""
        return sum(len(one.stamps) for one in self.missing) + self.unnamed


@dataclass(frozen=True, slots=True)
class AuditFindings:
    """What the audit found.

    Args:
        since_ms: from when on.
        until_ms: until when; what is younger may be on its way.
        meters: each of them.
    """

    since_ms: int
    until_ms: int
    meters: tuple[AuditedMeter, ...]

    @property
    def values(self) -> int:
        """How many values ThingsBoard should have."""
        return sum(one.values for one in self.meters)

    @property
    def missing_values(self) -> int:
        """How many of them it has not."""
        return sum(one.missing_values for one in self.meters)

    @property
    def missing(self) -> list[MissingValues]:
        """All that is missing."""
        return [missing for meter in self.meters for missing in meter.missing]


class _Differing(NamedTuple):
    """A span of which ThingsBoard has another number of values than it should."""

    meter: AuditedMeter
    device_id: str | None
    span: _Span
    expected: tuple[Expected, ...]
    there: int

    @property
    def should(self) -> int:
        """How many values it should have of it."""
        return sum(one.count for one in self.expected)


_MOST_NAMED = 2_000_000
"""Of a ThingsBoard that lost all of a fleet's values not each is held in memory, some 100 bytes long."""


class Audit:
    """Compares.

    Args:
        stored: what ThingsBoard has.
        expectations: what it should have.
    """

    def __init__(self, stored: StoredTelemetry, expectations: Sequence[AuditExpectation]) -> None:
        self._stored = stored
        self._expectations = expectations

    def run(
        self,
        devices: Mapping[str, str],
        since_ms: int,
        until_ms: int,
        *,
        step: Callable[[str], None] = lambda _: None,
        most: int = _MOST_NAMED,
    ) -> AuditFindings:
        """Return what is missing of these meters.

        Args:
            devices: each meter's device name in ThingsBoard.
            since_ms: from when on.
            until_ms: until when.
            step: told each meter before it is asked for.
            most: of so many values it is told which are missing; of the days beyond, how many.

        Raises:
            UpstreamError: ThingsBoard does not answer, or refuses.
            DiskError: what should be there cannot be told.
        """
        meters: list[AuditedMeter] = []
        differing: list[_Differing] = []
        for meter, device in devices.items():
            step(meter)
            found = AuditedMeter(meter, device)
            meters.append(found)
            differing += self._counted(found, since_ms, until_ms)
        differing = _nameable(differing, most)
        wanted = [one for span in differing for one in span.expected]
        stamps: dict[Expected, Collection[int]] = {}
        for source in self._expectations:
            stamps.update(source.stamps(wanted))
        for span in differing:
            step(span.meter.meter)
            there = self._stamps(span)
            for one in span.expected:
                if missing := tuple(sorted(set(stamps.get(one, ())) - there)):
                    span.meter.missing.append(MissingValues(one, len(there), missing))
        return AuditFindings(since_ms, until_ms, tuple(meters))

    def send_again(self, findings: AuditFindings) -> int:
        """Have everything that is missing sent again; return how many values those are, at most.

        Raises:
            DiskError: not all of it could be ordered.
        """
        return sum(source.send_again(findings.missing) for source in self._expectations)

    def _counted(self, found: AuditedMeter, since_ms: int, until_ms: int) -> list[_Differing]:
        """Count what one meter should have and has; return where that differs."""
        expected = [one for source in self._expectations for one in source.expected(found.meter, since_ms, until_ms)]
        found.values = sum(one.count for one in expected)
        if not expected:
            return []
        device_id = self._stored.device_id(found.device)
        found.is_there = device_id is not None
        spans: defaultdict[_Span, list[Expected]] = defaultdict(list)
        for one in expected:
            spans[_Span(one.start_ms, one.end_ms, one.key)].append(one)
        counts = self._counts(device_id, spans) if device_id is not None else {}
        compared = (
            _Differing(found, device_id, span, tuple(of_span), counts.get(span, 0))
            for span, of_span in sorted(spans.items())
        )
        return [one for one in compared if one.there != one.should]

    def _counts(self, device_id: str, spans: Iterable[_Span]) -> dict[_Span, int]:
        """Ask for whole days together, and for each part of a day by itself."""
        days = [span for span in spans if span.is_day]
        parts: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        for span in spans:
            if not span.is_day:
                parts[span.start_ms, span.end_ms].append(span.key)
        counts: dict[_Span, int] = {}
        if days:
            first_ms, last_ms = min(days).start_ms, max(span.end_ms for span in days)
            keys = sorted({span.key for span in days})
            by_key = self._stored.counts(device_id, keys, first_ms, last_ms, DAY_MS)
            counts = {span: by_key[span.key].get(span.start_ms, 0) for span in days}
        for (start_ms, end_ms), keys in parts.items():
            by_key = self._stored.counts(device_id, keys, start_ms, end_ms, end_ms - start_ms)
            counts |= {_Span(start_ms, end_ms, key): by_key[key].get(start_ms, 0) for key in keys}
        return counts

    def _stamps(self, span: _Differing) -> set[int]:
        if span.device_id is None:
            return set()
        return self._stored.stamps(span.device_id, span.span.key, span.span.start_ms, span.span.end_ms)


def _nameable(differing: list[_Differing], most: int) -> list[_Differing]:
    """Return those that are compared value by value; of the others note how many are missing."""
    named = []
    for one in differing:
        if one.should <= most:
            most -= one.should
            named.append(one)
        else:
            one.meter.unnamed += max(0, one.should - one.there)
    return named
