"""Who reads whom, where several bridges share out a fleet: rendezvous hashing of the meter's connection.

Rules
    The connection decides, not the meter: what lies behind one converter is read by one bridge, one meter at a time.
    Each shard gets a weight for a connection, and the heaviest reads it. So nobody keeps a list, the order in which
    shards start does not matter, and one shard more takes 1/(N+1) of the meters, all of them for itself.
    The weights are the same in every version, on every machine: tests hold them fixed. Two versions that disagreed
    would read a meter twice, or not at all.

What is written differently is another connection here: ``converter-7`` and its address are two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Reachable(Protocol):
    """What is known of a meter that matters here."""

    @property
    def host(self) -> str:
        """Name or address."""

    @property
    def port(self) -> int:
        """TCP port."""


M = TypeVar("M", bound=Reachable)


def connection_of(meter: Reachable) -> str:
    """Return what names the meter's connection: host and port, as the links of :mod:`bridge.meters.fleet` are kept."""
    return f"{meter.host.lower()}:{meter.port}"


def shard_of(connection: str, count: int) -> int:
    """Return which of ``count`` shards reads what lies behind ``connection``: 1 to ``count``."""
    if count == 1:
        return 1
    start = blake2b(connection.encode(), digest_size=8)

    def weight(shard: int) -> bytes:
        own = start.copy()
        own.update(f"/{shard}".encode())
        return own.digest()

    return max(range(1, count + 1), key=weight)


def own_of(meters: Mapping[str, M], count: int, shard: int) -> dict[str, M]:
    """Return those of ``meters`` that ``shard`` of ``count`` reads, in their order."""
    if count == 1:
        return dict(meters)
    return {name: meter for name, meter in meters.items() if shard_of(connection_of(meter), count) == shard}


@dataclass(frozen=True, slots=True)
class Share:
    """What one shard has.

    Args:
        shard: its number.
        meters: how many it reads.
        connections: over how many connections.
    """

    shard: int
    meters: int
    connections: int


def shares(meters: Iterable[Reachable], count: int) -> list[Share]:
    """Return how ``count`` shards share out ``meters``, by their numbers."""
    behind = Counter(connection_of(meter) for meter in meters)
    owners = {connection: shard_of(connection, count) for connection in behind}
    connections = Counter(owners.values())
    read: Counter[int] = Counter()
    for connection, many in behind.items():
        read[owners[connection]] += many
    return [Share(shard, read[shard], connections[shard]) for shard in range(1, count + 1)]


def moving(meters: Iterable[Reachable], count: int, later: int) -> int:
    """Return how many of ``meters`` another shard reads when there are ``later`` shards instead of ``count``."""
    behind = Counter(connection_of(meter) for meter in meters)
    return sum(
        many for connection, many in behind.items() if shard_of(connection, count) != shard_of(connection, later)
    )
