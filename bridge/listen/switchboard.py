"""What all callers have in common: who is who, how much is borne, where calls and messages go."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from bridge.configuration.listen_settings import ListenSettings
    from bridge.listen.identities import Identities
    from bridge.listen.metrics import ListenMetrics
    from bridge.listen.peers import Peers
    from bridge.listen.reception import Reception


class TakesCalls(Protocol):
    """Who reads a meter over the connection that it opened."""

    def take(self, transport: asyncio.Transport, unasked: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        """Take the connection over.

        Args:
            transport: reading is paused.
            unasked: is given what comes while nobody asks anything.
            gone: is told, once, that the connection is over.
        """


class HeldBytes:
    """How much is held of what is not on disk yet, of all callers together.

    Args:
        most: bytes.
    """

    __slots__ = ("held", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def change(self, by: int) -> bool:
        """Note more, or less; return whether that is borne."""
        self.held += by
        return self.held <= self.most


class CallersTurn:
    """One piece of callers' work in each round of the event loop: those that read meters never wait for more."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Work within; what is done must be little, and wait for nothing."""
        async with self._lock:
            yield
            await asyncio.sleep(0)


@dataclass(slots=True)
class Switchboard:
    """See the module.

    Args:
        settings: how much is borne.
        identities: who is who.
        reception: where messages go.
        calls: where the calls of meters that dial in go, by meter.
        peers: how much each address does.
        memory: of all callers.
        metrics: where it is counted.
        clock_s: seconds that pass as they do.
        turn: for whatever takes time.
        connections: the tasks of those that are connected.
    """

    settings: ListenSettings
    identities: Identities
    reception: Reception
    calls: Mapping[str, TakesCalls]
    peers: Peers
    memory: HeldBytes
    metrics: ListenMetrics
    clock_s: Callable[[], float]
    turn: CallersTurn = field(default_factory=CallersTurn)
    connections: set[asyncio.Task[None]] = field(default_factory=set)
