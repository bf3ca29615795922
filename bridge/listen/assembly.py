"""The listener out of the settings; what ``app.py`` needs of this wing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.clock.local_zone import local_zone
from bridge.listen import known_scalers, push_file, unknown_callers
from bridge.listen.identities import Identities
from bridge.listen.known_scalers import KnownScalers
from bridge.listen.listener import CallListener
from bridge.listen.peers import Peers
from bridge.listen.push_file import PushCounters
from bridge.listen.reception import Reception
from bridge.listen.refusals import Refusals
from bridge.listen.switchboard import HeldBytes, Switchboard
from bridge.listen.unknown_callers import UnknownCallers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.listen.metrics import ListenMetrics
    from bridge.listen.reception import PushClock
    from bridge.listen.switchboard import TakesCalls
    from bridge.outbox.receipt import Receipt
    from bridge.sample import Sample


class ReadMeters(Protocol):
    """What is needed of the meters that are read."""

    @property
    def calls(self) -> Mapping[str, TakesCalls]:
        """Who reads the meters that dial in, by meter."""

    def scalers(self, meter: str) -> Mapping[str, tuple[int, str]]:
        """Return scaler and unit by logical name as the meter stated them; nothing where it did not."""


def listener(
    settings: Settings,
    meters: Iterable[Meter],
    put: Callable[[Sample], tuple[Receipt, bool]],
    heard: Callable[[Sample], None],
    fleet: ReadMeters,
    *,
    clock: PushClock,
    metrics: ListenMetrics,
) -> CallListener:
    """Return the listener, its port not open yet.

    Args:
        settings: its bounds, and where files lie.
        meters: all that are configured.
        put: the outbox's, by way of whoever gives samples their time; returns the receipt first.
        heard: is told of each pushed sample that is on disk.
        fleet: the meters that are read.
        clock: the bridge's.
        metrics: where all of it is counted.
    """
    identities = Identities(meters)
    counters = PushCounters(settings.data_dir / push_file.FILE)
    unknown = UnknownCallers(settings.data_dir / unknown_callers.FILE, clock.shown_s)
    known = KnownScalers(settings.data_dir / known_scalers.FILE, fleet.scalers)
    refusals = Refusals(unknown, metrics, clock.steady_s)
    reception = Reception(
        identities,
        counters=counters,
        refusals=refusals,
        metrics=metrics,
        put=lambda sample: put(sample)[0],
        heard=heard,
        scalers=known.of,
        clock=clock,
        here=local_zone(),
    )
    board = Switchboard(
        settings.listen,
        identities,
        reception,
        fleet.calls,
        Peers(settings.listen),
        HeldBytes(int(settings.listen.memory_mb * 1_000_000)),
        metrics,
        clock.steady_s,
    )
    return CallListener(board, counters, unknown, known)
