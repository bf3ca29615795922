"""One visit to a meter, the same for every command: connect, associate, do something, release, whatever happens.

Rules
    A secret is claimed before it goes out, and what came of it is settled: see ``secret_attempts.py``.
    The meter is released after an error and after Ctrl-C too: one that allows one session stays closed to the next
    client until it is. The connection is closed with it: there are meters that end it after a release, and such that
    want their mode E opening again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.dlms.association import MeterSession
from bridge.errors import AuthError, LinkError, MeterError
from bridge.meters.link import Link
from bridge.meters.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.cli.secret_attempts import SecretAttempts
    from bridge.configuration.meter import Meter
    from bridge.dlms.conversation import Conversation
    from bridge.meters.counter_store import CounterStore
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.refused_secrets import HeldBack

T = TypeVar("T")
_RELEASE_TIMEOUT_S, _RELEASE_PATIENCE_S = 1.5, 3.0  # an answer, all of it
_AGAIN_S = (0.5, 2.0, 5.0, 10.0)


class SecretHeldBackError(AuthError):
    """The secret must not be sent: another command sent the last one that may be, a moment ago.

    Args:
        held: why, and since when.
    """

    def __init__(self, held: HeldBack) -> None:
        super().__init__("another command has just sent the last password or key that may be sent to it")
        self.held = held


class Visit:
    """What can be asked while the association stands.

    Args:
        link: the way to the meter.
        session: the association on it.
        timeout_s: how long a whole answer may take.
        quick_s: how long the answer to a single value may take.
        watch: sees the bytes; None for nobody.
    """

    def __init__(
        self, link: Link, session: MeterSession, timeout_s: float, quick_s: float, watch: FrameWatch | None = None
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

    async def associate_anew(self) -> None:
        """Associate once more after the meter went silent: some say nothing at all to what they do not have.

        Raises:
            MeterError: it does not take us again.
        """
        self._link.close()  # whoever is silent does not answer a release either; a new connection ends the old one
        await open_patiently(self._link)
        await self.carry(self.session.connect())

    async def release(self) -> None:
        """Leave the meter free; never raises for what it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_RELEASE_PATIENCE_S):
                for _ in range(2):  # when the association cannot be released, the data link is closed alone
                    if self._link.is_open:
                        with suppress(MeterError):
                            await self._link.converse(self.session.release(), _RELEASE_TIMEOUT_S, self._watch)
                            return

    def _took(self, seconds: float) -> None:
        self.took_s += seconds


@asynccontextmanager
async def visit(
    link: Link,
    meter: Meter,
    *,
    counters: CounterStore | None = None,
    attempts: SecretAttempts | None = None,
    quick_s: float | None = None,
    watch: FrameWatch | None = None,
) -> AsyncIterator[Visit]:
    """Associate with ``meter`` for as long as the block runs, and release it at the end.

    Args:
        link: the way to it; opened here, and closed at the end.
        meter: whom, and as whom.
        counters: the invocation counters, shared with the bridge; None for a meter without keys.
        attempts: the account of its secrets; None where none is sent, or where this one let us in a moment ago.
        quick_s: how long the answer to a single value may take; None for the meter's timeout.
        watch: sees the bytes; None for nobody.

    Raises:
        SecretHeldBackError: its secret must not be sent now.
        DnsError, LinkError: the connection could not be opened.
        AssociationError, AuthError: the meter does not let us in; or no invocation counter can be had from the disk.
        ReplyTimeout, DecodeError: as everywhere.
    """
    timeout_s = meter.timeout_s
    try:
        session = await asyncio.to_thread(_session, meter, counters)
        await open_patiently(link)
        one = Visit(link, session, timeout_s, timeout_s if quick_s is None else quick_s, watch)
        try:
            await _associate(one, meter, attempts)
            yield one
        except asyncio.CancelledError:
            if link.framing != "wrapper":
                session.agreed = None  # in the middle of an answer only the data link is sure to be understood
            raise
        finally:
            await one.release()
    finally:
        link.close()


async def _associate(one: Visit, meter: Meter, attempts: SecretAttempts | None) -> None:
    if attempts is None:
        await one.carry(one.session.connect())
        return
    client, secret = meter.client, meter.secret
    if (held := await asyncio.to_thread(attempts.claim, client, secret)) is not None:
        raise SecretHeldBackError(held)
    try:
        await one.carry(one.session.connect())
    except MeterError as error:
        await asyncio.to_thread(attempts.settle, client, secret, one.session, error)
        raise
    await asyncio.to_thread(attempts.settle, client, secret, one.session)


def _session(meter: Meter, counters: CounterStore | None) -> MeterSession:
    """Return a session with its invocation counter drawn from the disk, which may take its time."""
    titled = meter.titled(counters.system_title()) if counters is not None and meter.keys is not None else meter
    session = MeterSession(titled, counters)
    if session.counter is not None:
        session.counter.reserve()
    return session


def link_to(meter: Meter, connect_timeout_s: float) -> Link:
    """Return a link of our own to ``meter``, which nobody shares."""
    link = Link(
        meter.host,
        meter.port,
        meter.framing,
        connect_timeout_s=connect_timeout_s,
        frame_gap_s=meter.frame_gap_s,
        connecting=asyncio.Semaphore(1),
    )
    link.join(reconnect_gap_s=meter.reconnect_gap_s)
    return link


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
