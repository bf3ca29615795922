"""TCP ports for what cannot take any free one by itself: never handed out twice, by no process that runs the tests.

Each process takes a slice of them for itself: pytest-xdist's workers, and runs that know nothing of each other.
"""

from __future__ import annotations

import itertools
import socket
import time
from functools import cache

_FIRST, _EACH, _SLICES = 20_000, 750, 17
"""Below the ports that the system gives out by itself."""


class PortSlice:
    """So many ports that no other process gives out; whoever holds the first port of a slice has it.

    Raises:
        OSError: all are taken.
    """

    def __init__(self) -> None:
        for start in range(_FIRST, _FIRST + _SLICES * _EACH, _EACH):
            self._held = socket.socket()
            try:
                self._held.bind(("127.0.0.1", start))
            except OSError:
                self._held.close()
                continue
            self.ports = range(start + 1, start + _EACH)
            return
        raise OSError(f"every slice of the ports from {_FIRST} on is another run's")

    def close(self) -> None:
        """Let go of it."""
        self._held.close()


@cache
def _own() -> tuple[PortSlice, itertools.cycle[int]]:
    """Return the slice of this process, held until its end, and its ports in turn."""
    own = PortSlice()
    return own, itertools.cycle(own.ports)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on, and that nobody is given here for a good while."""
    for port in _own()[1]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the cycle has no end")


def in_turn(port: int, within_s: float = 600.0) -> socket.socket:
    """Wait for a port of the loopback that stands for others, and hold it: who has it uses them alone, until closed.

    Raises:
        TimeoutError: another run had it all the time.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            held.close()
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"port {port} stayed taken for {within_s:.0f} s") from None
            time.sleep(0.2)
        else:
            return held
