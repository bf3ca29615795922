"""TCP ports for what cannot take any free one by itself: never handed out twice, by no process that runs the tests."""

from __future__ import annotations

import itertools
import os
import re
import socket

_FIRST, _EACH = 20_000, 1_500
"""Below the ports that the system gives out by itself; so many for each of pytest-xdist's workers."""
_WORKER = int((re.search(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "")) or ["7"])[0]) % 8
_ports = itertools.cycle(range(_FIRST + _WORKER * _EACH, _FIRST + (_WORKER + 1) * _EACH))


def free_port() -> int:
    """Return a port of the loopback that nobody listens on, and that nobody is given here for a good while."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the cycle has no end")
