"""An association with a meter for as long as a block of code runs, and the meter released after it whatever happens."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.errors import LinkError, MeterError
from bridge.meters.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.meters.conversation import Conversation
    from bridge.meters.link import Link, Watch
    from bridge.meters.session import Session

T = TypeVar("T")
_RELEASE_PATIENCE_S = 3.0
_AGAIN_S = (0.5, 2.0, 5.0, 10.0)


class Talk:
    """What can be asked while the association stands.

    Args:
        link: the way to the meter.
        session: the association on it.
        timeout_s: how long a whole answer may take.
        quick_s: how long the answer to a single value may take.
        watch: sees the bytes; None for nobody.
    """

    def __init__(
        self, link: Link, session: Session, timeout_s: float, quick_s: float, watch: Watch | None = None
    ) -> None:
        self.session = session
        self.took_s = 0.0
        """How long the meter took to answer in the last conversation, the gaps between its frames left out."""
        self._link = link
        self._timeout_s = timeout_s
        self._quick_s = quick_s
        self._watch = Stopwatch(self._took, watch)

    async def carry(self, conversation: Conversation[T], *, quick: bool = False) -> T:
        """Carry a conversation of the session to its end; raises what it raises.

        Args:
            conversation: of the session.
            quick: whether a single value is asked for, which should not take long.
        """
        self.took_s = 0.0
        return await self._link.converse(conversation, self._quick_s if quick else self._timeout_s, self._watch)

    async def again(self) -> None:
        """Associate anew after the meter went silent: some say nothing at all to what they do not have.

        Raises:
            MeterError: it does not take us again.
        """
        self._link.close()  # whoever is silent does not answer a release either; a new connection ends the old one
        await open_patiently(self._link)
        await self.carry(self.session.connect())

    def _took(self, seconds: float) -> None:
        self.took_s += seconds


@asynccontextmanager
async def meeting(
    link: Link, session: Session, timeout_s: float, *, quick_s: float | None = None, watch: Watch | None = None
) -> AsyncIterator[Talk]:
    """Open the connection, and release the meter at the end of the block: after an error and after Ctrl-C too.

    The block itself associates (:meth:`~bridge.meters.session.Session.connect`). The connection is closed with it:
    there are meters that end it after a release, and such that want their mode E opening again.

    Raises:
        DnsError, LinkError: the connection could not be opened.
    """
    await open_patiently(link)
    try:
        yield Talk(link, session, timeout_s, timeout_s if quick_s is None else quick_s, watch)
    finally:
        with suppress(MeterError, TimeoutError):
            async with asyncio.timeout(_RELEASE_PATIENCE_S):
                await link.converse(session.release(), timeout_s, watch)
        link.close()


async def open_patiently(link: Link) -> None:
    """Open the connection; where one stood before, again and again for a while: the converter may not be done with it.

    Raises:
        DnsError, LinkError: as :meth:`~bridge.meters.link.Link.open`, after the last attempt.
    """
    for wait_s in _AGAIN_S if link.generation else ():
        with suppress(LinkError):
            await link.open()
            return
        await asyncio.sleep(wait_s)
    await link.open()
