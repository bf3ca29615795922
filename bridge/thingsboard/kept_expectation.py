"""What ThingsBoard should have of live samples, by those that are kept after they were stored; and sending them again.

Reads all that is kept twice at most, whatever the number of meters: once to count, and once for the time stamps of the
days that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.outbox.kept_reading import keys_of
from bridge.thingsboard.expected import DAY_MS, Expected, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from bridge.outbox.kept import KeptSample
    from bridge.outbox.kept_reading import KeptReading
    from bridge.thingsboard.expected import MissingValues

    SendAgain = Callable[[list[KeptSample]], int]
    """Sends kept samples again; returns how many those are; raises DiskError when it cannot."""


class KeptExpectation:
    """Counts the kept samples from the moment on from which every stored sample is kept.

    Args:
        kept: what is kept.
        since_ms: what was read before is not looked at.
        until_ms: what was read from then on is not, either: it may be on its way.
        send_again: sends kept samples again.
    """

    def __init__(self, kept: KeptReading, since_ms: int, until_ms: int, send_again: SendAgain) -> None:
        self._kept = kept
        self._until_ms = until_ms
        self._send_again = send_again
        kept_since_ms = kept.since_ms
        self._since_ms = until_ms if kept_since_ms is None else max(since_ms, kept_since_ms)
        self._counts: dict[str, dict[tuple[str, int], int]] | None = None

    @property
    def since_ms(self) -> int:
        """From when on live samples can be audited, Unix milliseconds."""
        return self._since_ms

    def expected(self, meter: str, since_ms: int, until_ms: int) -> list[Expected]:  # noqa: ARG002 - it has its own
        """See :class:`~bridge.thingsboard.expected.AuditExpectation`."""
        if self._counts is None:
            self._counts = self._counted()
        return [
            Expected(
                meter,
                key,
                max(day_ms, self._since_ms),
                min(day_ms + DAY_MS, self._until_ms),
                count,
                "samples",
            )
            for (key, day_ms), count in self._counts.get(meter, {}).items()
        ]

    def stamps(self, ones: Collection[Expected]) -> Mapping[Expected, Collection[int]]:
        """See :class:`~bridge.thingsboard.expected.AuditExpectation`."""
        found: dict[Expected, set[int]] = {one: set() for one in ones if one.source == "samples"}
        wanted = {(one.meter, one.key, day_of(one.start_ms)): stamps for one, stamps in found.items()}
        for sample in self._samples() if wanted else ():
            for key in keys_of(sample.body):
                stamps = wanted.get((sample.meter, key, day_of(sample.ts_ms)))
                if stamps is not None:
                    stamps.add(sample.ts_ms)
        return found

    def send_again(self, missing: Sequence[MissingValues]) -> int:
        """Send the samples again whose values are missing, whole; see ``AuditExpectation``."""
        ours = [one for one in missing if one.expected.source == "samples"]
        wanted = {(one.expected.meter, stamp) for one in ours for stamp in one.stamps}
        if not wanted:
            return 0
        found = {where: sample for sample in self._samples() if (where := (sample.meter, sample.ts_ms)) in wanted}
        again = [found[where] for where in sorted(wanted) if where in found]
        if again:
            self._send_again(again)
        sent = {(sample.meter, sample.ts_ms) for sample in again}
        return sum((one.expected.meter, stamp) in sent for one in ours for stamp in one.stamps)

    def _counted(self) -> dict[str, dict[tuple[str, int], int]]:
        counts: dict[str, dict[tuple[tuple[str, ...], int], int]] = {}
        for sample in self._samples():  # by all keys of a sample at once: samples of a meter are alike
            of_meter = counts.setdefault(sample.meter, {})
            where = keys_of(sample.body), day_of(sample.ts_ms)
            of_meter[where] = of_meter.get(where, 0) + 1
        by_key: dict[str, dict[tuple[str, int], int]] = {}
        for meter, by_keys in counts.items():
            of_one = by_key[meter] = {}
            for (keys, day_ms), count in by_keys.items():
                for key in keys:
                    if "," not in key:  # ThingsBoard would take it for two
                        of_one[key, day_ms] = of_one.get((key, day_ms), 0) + count
        return by_key

    def _samples(self) -> Iterator[KeptSample]:
        for sample in self._kept.samples():
            if self._since_ms <= sample.ts_ms < self._until_ms:
                yield sample
