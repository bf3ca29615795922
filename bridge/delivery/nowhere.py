"""No ThingsBoard and no local broker: samples go nowhere. Each is accepted as it comes, here, so that nothing piles up.

A first look at the bridge, and whoever only wants the page and the metrics.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.delivery.messages import Message
    from bridge.delivery.upstream import Listener

_AT_MOST = 16


class NowhereUpstream:
    """The contract is :class:`~bridge.delivery.upstream.Upstream`; the one session lasts as long as the bridge."""

    acknowledges = True
    needs_broker = False

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._taken: list[Message] = []

    @property
    def way(self) -> str:
        """There is no ThingsBoard."""
        return ""

    @property
    def broker_connected(self) -> bool | None:
        """There is none."""
        return None

    @property
    def token_refused(self) -> bool:
        """There is no token."""
        return False

    @property
    def room(self) -> int:
        """How many messages more it takes in this turn of the event loop."""
        return max(0, _AT_MOST - len(self._taken))

    async def run(self, listener: Listener) -> None:
        """Be there until cancelled."""
        self._listener = listener
        listener.up()
        await asyncio.Event().wait()

    def send(self, message: Message) -> None:
        """Accept it, in the event loop's next turn: not while the sender is still sending."""
        if self._listener is None:
            return
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._accept)
        self._taken.append(message)

    def show(self, topic: str, payload: bytes) -> None:
        """There is nobody to show it to."""

    def renew(self, why: str) -> None:
        """Begin anew, as any upstream does that is told to."""
        self._taken.clear()
        if self._listener is not None:
            self._listener.down(why)
            self._listener.up()

    def _accept(self) -> None:
        taken, self._taken = self._taken, []
        if taken and self._listener is not None:
            self._listener.accepted(taken)
