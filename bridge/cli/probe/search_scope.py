"""What a probe tries and how long it waits: the defaults, which its options change. Records only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.cli.probe.likely_addresses import CLIENTS, HDLC_ADDRESSES, WRAPPER_SERVERS, ServerAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.probe.port_questions import Naming


_SWEEP, _SHORTEST_SWEEP_S = 0.4, 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited.

    Args:
        connect_s: for a TCP connection.
        answer_s: for an answer to one request; a meter behind a slow radio needs more.
        between_s: between two connections to one host: many converters take a moment to let go of the last one.
    """

    connect_s: float = 3.0
    answer_s: float = 1.5
    between_s: float = 0.5

    @property
    def sweep_s(self) -> float:
        """How long for an answer from a less likely address: one that comes later still says whose it is."""
        return max(_SWEEP * self.answer_s, min(self.answer_s, _SHORTEST_SWEEP_S))


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Which addresses and clients are tried."""

    hdlc: Sequence[ServerAddress] = HDLC_ADDRESSES
    wrapper: Sequence[ServerAddress] = tuple(ServerAddress(server) for server in WRAPPER_SERVERS)
    clients: Sequence[int] = CLIENTS
    framings: Sequence[str] = ("hdlc", "wrapper", "hdlc-mode-e")
    namings: Sequence[Naming] = ("ln", "sn")
    """How objects may be named, the likelier way first."""
