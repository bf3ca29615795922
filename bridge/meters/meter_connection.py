"""One meter's association over a link that others may share: carried, lost, released.

An association lives on one generation of the link: when the link is opened anew, by whomever, it is gone. Knows no
interval and no back-off; what went wrong it lets out.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.errors import MeterError
from bridge.meters.conversation_limit import limited

if TYPE_CHECKING:
    from bridge.configuration.meter import Meter
    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.link import Link
    from bridge.meters.observer import MeterObserver

T = TypeVar("T")
_RELEASE_TIMEOUT_S, _RELEASE_PATIENCE_S, _LAST_TURN_PATIENCE_S = 1.5, 3.0, 8.0
"""For one answer when the meter is released, for all of it, and for the turn at the end; Docker waits for 30 s."""


class MeterConnection:
    """The session of one meter on its link.

    Args:
        meter: whose.
        link: the connection to it, perhaps shared with others.
        session: its conversations.
        watch: sees every frame; None for nobody.
        observer: counts what a conversation had beside its answers.
    """

    __slots__ = ("_associated_with", "_connected_with", "_link", "_observer", "_session", "_timeout_s", "_watch")

    def __init__(
        self, meter: Meter, link: Link, session: MeterSession, watch: FrameWatch | None, observer: MeterObserver
    ) -> None:
        self._timeout_s = meter.timeout_s
        self._link = link
        self._session = session
        self._watch = watch
        self._observer = observer
        self._connected_with = 0  # the link's generation that the data link, perhaps half of it, lives on; 0 for none
        self._associated_with = 0  # the same for the association

    @property
    def is_associated(self) -> bool:
        """Whether the association stands, as far as this side knows."""
        return self._associated_with == self._link.generation and self._link.is_open

    async def open(self) -> None:
        """Open the link if it is not open, for an association that begins.

        Raises:
            MeterError: as :meth:`~bridge.meters.link.Link.open`.
        """
        self._associated_with = 0
        await self._link.open(self._watch)
        await self.reserve_counters()
        self._connected_with = self._link.generation

    def associated(self) -> None:
        """Note that the association stands on the link as it is now."""
        self._associated_with = self._link.generation

    def lost(self) -> None:
        """Note that the association is gone, and the data link with it."""
        self._connected_with = self._associated_with = 0

    def start_over(self) -> None:
        """Note that the association ended behind the readings, at an object that is otherwise left out."""
        self.lost()
        self._session.agreed = None
        self.close_unless_shared()

    def close_unless_shared(self) -> None:
        """Close the link where no other meter needs it."""
        if not self._link.is_shared:
            self._link.close()

    async def converse(self, conversation: Conversation[T], timeout_s: float = 0.0) -> T:
        """Carry a conversation over the link.

        On a shared one, silence to the first request ends it: others wait for their turn.

        Raises:
            LinkError: it does not come to an end, or the connection broke. Close, then reconnect after the backoff.
            MeterError: as :meth:`~bridge.meters.link.Link.converse`.
        """
        link = self._link
        conversation = limited(conversation, asyncio.get_running_loop().time)
        try:
            return await link.converse(
                conversation, timeout_s or self._timeout_s, self._watch, patient=not link.is_shared
            )
        except BaseException:
            self._session.agreed = None  # cut off in the middle, nothing stands that could be released
            raise
        finally:
            if self._connected_with:
                self._connected_with = link.generation  # it may have asked for another connection
            self._observer.dropped(link.take_repeats(), self._session)

    async def reserve_counters(self) -> None:
        """Draw invocation counters before they run out, off the event loop: the disk may be slow."""
        counter = self._session.counter
        if counter is not None and counter.is_low:
            await asyncio.to_thread(counter.reserve)

    async def is_anyone_there(self) -> bool:
        """Return whether anything answers a question that carries no secret."""
        async with self._link.turn():
            try:
                await self._link.open(self._watch)
                return await self.converse(self._session.is_anyone_there())
            except MeterError:
                return False
            finally:
                self.close_unless_shared()

    async def release(self) -> None:
        """Leave the meter free for the next client; best effort, within seconds."""
        if self._connected_with and self._connected_with == self._link.generation and self._link.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_TURN_PATIENCE_S), self._link.turn():
                    await self.release_now()

    async def release_now(self) -> None:
        """Release the meter; the turn is held."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_RELEASE_PATIENCE_S):
                # When the release of the association fails, the data link is closed alone.
                for _ in range(2 if self._session.agreed else 1):
                    with suppress(MeterError):
                        await self.converse(self._session.release(), _RELEASE_TIMEOUT_S)
                        return
