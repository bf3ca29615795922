"""How much one address may do: connections at a time, bytes and messages a second. Nothing is lost by it: it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.configuration.listen_settings import ListenSettings

_AT_ONCE_S = 2.0


class Pace:
    """So much a second; two seconds' worth at once.

    Args:
        per_s: how much.
    """

    __slots__ = ("_paid_s", "_per_s")

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._paid_s = 0.0  # when all that was spent is paid for

    def spend(self, amount: float, now_s: float) -> float:
        """Spend ``amount`` and return for how many seconds nothing more may be spent."""
        self._paid_s = max(self._paid_s, now_s - _AT_ONCE_S) + amount / self._per_s
        return max(self._paid_s - now_s, 0.0)

    def is_rested(self, now_s: float) -> bool:
        """Whether it is as good as new."""
        return self._paid_s <= now_s - _AT_ONCE_S


class CallingPeer:
    """One address."""

    __slots__ = ("address", "connections", "octets", "taken")

    def __init__(self, address: str, settings: ListenSettings) -> None:
        self.address = address
        self.connections = 0
        self.octets = Pace(settings.kb_per_second * 1000)
        self.taken = Pace(settings.messages_per_second)


class Peers:
    """All addresses that have connections, or had until just now.

    Args:
        settings: how much is borne.
    """

    def __init__(self, settings: ListenSettings) -> None:
        self._settings = settings
        self._all: dict[str, CallingPeer] = {}
        self.connections = 0
        """Of all of them."""

    def __len__(self) -> int:
        return len(self._all)

    def of(self, address: str) -> CallingPeer:
        """Return the peer, with what it spent before."""
        peer = self._all.get(address)
        if peer is None:
            peer = self._all[address] = CallingPeer(address, self._settings)
        return peer

    def admit(self, address: str) -> CallingPeer | None:
        """Count one more connection; None where there are too many already."""
        peer = self.of(address)
        if self.connections >= self._settings.connections or peer.connections >= self._settings.per_address:
            return None
        self.connections += 1
        peer.connections += 1
        return peer

    def leave(self, peer: CallingPeer) -> None:
        """Count one less."""
        self.connections -= 1
        peer.connections -= 1

    def forget(self, now_s: float) -> None:
        """Forget those that do nothing; every few seconds, or their number grows for ever."""
        idle = [
            address
            for address, peer in self._all.items()
            if not peer.connections and peer.octets.is_rested(now_s) and peer.taken.is_rested(now_s)
        ]
        for address in idle:
            del self._all[address]
