"""Puts the ledger together: which histories each meter has by its profile, and who asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.clock.local_zone import local_zone
from bridge.dlms.obis_names import logical_name
from bridge.ledger.backfill import Backfill
from bridge.ledger.bookkeeper import Bookkeeper
from bridge.ledger.live_totals import LiveTotals
from bridge.ledger.reader import ErrandReader, HistorySource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

    from bridge.clock.clock import BridgeClock
    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.ledger.metrics import LedgerMetrics
    from bridge.ledger.reader import ErrandCarrier, HistoryReader
    from bridge.outbox.outbox import Outbox

FILE = "ledger.db"
"""Its name on the data volume."""


class _MeterState(Protocol):
    clock_drift_s: float | None


class ReadMeter(Protocol):
    """What is needed of a meter's poller."""

    @property
    def errands(self) -> ErrandCarrier:
        """Asks between live cycles."""

    @property
    def state(self) -> _MeterState:
        """Knows how far the meter's clock is off."""


def backfill(settings: Settings, outbox: Outbox, clock: BridgeClock, rng: Random) -> Backfill:
    """Return the back-fill, not running yet."""
    return Backfill(
        settings.data_dir / FILE,
        settings.ledger,
        put=outbox.put,
        waiting=lambda: outbox.state.waiting,
        now_ms=clock.now_ms,
        shown_s=clock.shown_s,
        rng=rng,
    )


def bookkeeper(filling: Backfill, outbox: Outbox, clock: BridgeClock, metrics: LedgerMetrics) -> Bookkeeper:
    """Return the bookkeeper of what is filled back, not running yet."""
    disk = filling.disk
    return Bookkeeper(
        disk.read,
        disk.change,
        metrics,
        now_ms=clock.now_ms,
        tell=outbox.put,
        may_tell=filling.is_proven,
        states=lambda: {name: meter.state for name, meter in filling.meters.items()},
        failing=lambda: disk.trouble.now,
        totals=LiveTotals(clock.now_ms, lambda found: disk.change(lambda changes: changes.put_live(found))),
    )


def histories(
    settings: Settings, meters: Iterable[Meter], pollers: Mapping[str, ReadMeter]
) -> dict[str, tuple[Sequence[HistorySource], HistoryReader]]:
    """Return, of each meter whose profile names a history, what it says of them and who asks for them.

    None at all where ``LEDGER__ENABLED`` is off.
    """
    here = local_zone()
    found: dict[str, tuple[Sequence[HistorySource], HistoryReader]] = {}
    for meter in meters if settings.ledger.enabled else ():
        if meter.load_profiles and meter.name in pollers:  # else it is only heard
            poller = pollers[meter.name]
            state = poller.state
            reader = ErrandReader(poller.errands, lambda state=state: state.clock_drift_s, here)  # type: ignore[misc]
            found[meter.name] = sources(meter), reader
    return found


def sources(meter: Meter) -> list[HistorySource]:
    """Return what the meter's profile says of its histories."""
    registers = {logical_name(register.obis): register.key for register in meter.registers}
    return [
        HistorySource(
            entry.logical_name,
            entry.kind,
            {**registers, **{logical_name(obis): key for obis, key in entry.keys.items()}},
            entry.period_s,
            entry.status,
            entry.codes,
        )
        for entry in meter.load_profiles
    ]
