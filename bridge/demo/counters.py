"""Invocation counters of one association: the client's must rise, the meter's own do (IEC 62056-5-3, clause 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.demo.access import MeterMemory
    from bridge.demo.faults import Faults
    from bridge.demo.security import Plain


class ReceivedCounters:
    """The counters between the meter and one client.

    Args:
        client: the client's address.
        memory: keeps the counters of the global keys over associations and connections.
        faults: may make the meter's own counter wrong.
    """

    def __init__(self, client: int, memory: MeterMemory, faults: Faults) -> None:
        self._client, self._memory, self._faults = client, memory, faults
        self._dedicated = -1  # a dedicated key is new with every association, and its counter with it

    def highest(self, plain: Plain) -> int:
        """Return the highest counter received from this client under the key of ``plain``."""
        return self._dedicated if plain.is_dedicated else self._memory.received.get(self._client, 0)

    def rises(self, plain: Plain) -> bool:
        """Take note of the counter of a request; return whether it is higher than all before."""
        if plain.counter <= self.highest(plain):
            self._memory.refused_counters += 1
            return False
        if plain.is_dedicated:
            self._dedicated = plain.counter
        else:
            self._memory.received[self._client] = plain.counter
        return True

    def next(self) -> int:
        """Return the counter of the meter's next protected APDU."""
        self._memory.sent += 1
        return self._faults.counter(self._memory.sent)
