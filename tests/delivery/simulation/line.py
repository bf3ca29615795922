"""The line between Mosquitto and ThingsBoard: delay, bandwidth, darkness and broken connections.

A :class:`Line` is what both connections in a row have in common: its quality, which may change at any moment. A
:class:`Connection` is one TCP connection over it: two pipes that keep their order, and an end that each side hears of
when the line lets it, or never.

Rules
    A packet takes its bytes (with 44 for IP, TCP and the frame) over the bandwidth, then the delay and its jitter.
    While the line is dark nothing arrives; afterwards TCP sends again, so everything arrives late, in order.
    A severed connection loses what is under way, both ways; each side hears of it after the delay.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.delivery.simulation.loop import VirtualLoop

HEADERS = 44
Packet = tuple


class End(Protocol):
    """One side of a connection."""

    def packet(self, packet: Packet) -> None:
        """It arrived."""

    def closed(self) -> None:
        """The connection is gone; nothing comes any more."""


@dataclass
class Line:
    """Times in seconds.

    Args:
        delay_s: one way.
        jitter_s: at most so much more.
        up_bytes_s: what goes up in a second; infinite for a line that is no bottleneck.
        down_bytes_s: the other way.
        dark_until_s: nothing arrives before.
    """

    delay_s: float = 0.005
    jitter_s: float = 0.0
    up_bytes_s: float = math.inf
    down_bytes_s: float = math.inf
    dark_until_s: float = 0.0
    bytes_up: int = 0
    bytes_down: int = 0


class _Pipe:
    """One direction."""

    def __init__(self, loop: VirtualLoop, line: Line, rng: random.Random, *, up: bool) -> None:
        self._loop = loop
        self._line = line
        self._rng = rng
        self._up = up
        self._free_at_s = 0.0
        self._last_at_s = 0.0
        self._under_way: deque[tuple[float, Packet]] = deque()
        self._is_armed = False
        self.deliver: Callable[[Packet], None] = lambda _: None
        self.is_cut = False

    def send(self, size: int, packet: Packet) -> None:
        line, size = self._line, size + HEADERS
        if self._up:
            line.bytes_up += size
            bytes_s = line.up_bytes_s
        else:
            line.bytes_down += size
            bytes_s = line.down_bytes_s
        self._free_at_s = max(self._loop.time(), self._free_at_s) + size / bytes_s
        jitter_s = self._rng.random() * line.jitter_s if line.jitter_s else 0.0
        self._last_at_s = max(self._last_at_s, self._free_at_s + line.delay_s + jitter_s)
        self._under_way.append((self._last_at_s, packet))
        if not self._is_armed:
            self._arm()

    def cut(self) -> None:
        self.is_cut = True
        self._under_way.clear()

    def _arm(self) -> None:
        self._is_armed = True
        self._loop.call_at(max(self._under_way[0][0], self._loop.time()), self._arrive)

    def _arrive(self) -> None:
        self._is_armed = False
        now_s = self._loop.time()
        if now_s < self._line.dark_until_s:
            if self._under_way:
                self._is_armed = True
                self._loop.call_at(self._line.dark_until_s + self._rng.uniform(0.0, 1.0), self._arrive)
            return
        while self._under_way and self._under_way[0][0] <= now_s and not self.is_cut:
            self.deliver(self._under_way.popleft()[1])
        if self._under_way and not self._is_armed:
            self._arm()


class Connection:
    """One TCP connection.

    Args:
        loop: the clock.
        line: its quality.
        rng: jitter.
    """

    def __init__(self, loop: VirtualLoop, line: Line, rng: random.Random) -> None:
        self._loop = loop
        self._line = line
        self._up = _Pipe(loop, line, rng, up=True)
        self._down = _Pipe(loop, line, rng, up=False)
        self.client: End | None = None
        self.server: End | None = None

    def attach(self, client: End, server: End) -> None:
        """Both ends; from now on they hear."""
        self.client, self.server = client, server
        self._up.deliver = self._to_server
        self._down.deliver = self._to_client

    def up(self, size: int, packet: Packet) -> None:
        """From the client."""
        if not self._up.is_cut:
            self._up.send(size, packet)

    def down(self, size: int, packet: Packet) -> None:
        """From the server."""
        if not self._down.is_cut:
            self._down.send(size, packet)

    def close_from_server(self) -> None:
        """The server closes: what it sent before still arrives, then the end. What comes up is no longer read."""
        self._up.cut()
        self.server = None
        self.down(0, ("closed",))

    def close_from_client(self) -> None:
        """The client closes: what it sent before still arrives."""
        self._down.cut()
        self.client = None
        self.up(0, ("closed",))

    def vanish_client(self) -> None:
        """The client is gone without a word; the server does not hear of it."""
        self._down.cut()
        self._up.cut()
        self.client = None

    def sever(self) -> None:
        """Somewhere in between it is cut, and both sides are told."""
        self._up.cut()
        self._down.cut()
        self._loop.call_later(self._line.delay_s, self._told)

    def _told(self) -> None:
        client, server = self.client, self.server
        self.client = self.server = None
        if client is not None:
            client.closed()
        if server is not None:
            server.closed()

    def _to_server(self, packet: Packet) -> None:
        if self.server is not None:
            if packet[0] == "closed":
                server, self.server = self.server, None
                server.closed()
            else:
                self.server.packet(packet)

    def _to_client(self, packet: Packet) -> None:
        if self.client is not None:
            if packet[0] == "closed":
                client, self.client = self.client, None
                client.closed()
            else:
                self.client.packet(packet)
