"""The other kind of way to a meter: the connection that it opened itself. Nobody listens here; calls are handed in.

Rules
    The newest call is the one that counts: a modem that lost its connection calls again before this side notices.
    A call that nobody uses yet is held, and what comes on it is passed on; so is what comes between two conversations,
    and in one what the meter sent by itself. A message that has begun is let come to its end before anything is asked.
    Whoever waits for a call is told within a bounded time that there is none; a call ends the wait, and the back-off.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from bridge.dlms.conversation import UNASKED
from bridge.dlms.framing import WrapperFramer, framer
from bridge.errors import LinkError
from bridge.meters.broken_connection import reset
from bridge.meters.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.framing import Framer
    from bridge.dlms.volley import Volley
    from bridge.meters.failure_wording import FailureWording
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.send_fence import SendFence

T = TypeVar("T")
PATIENCE_S = 10.0
_REST_S = 3.0
"""So long the rest of a message is waited for."""
_HINT = (
    "does its modem call this machine, at LISTEN__PORT? `bridge callers` shows who called and is not known; what it is "
    "known by must be as the meter says it"
)


class _Call(NamedTuple):
    transport: asyncio.Transport
    unasked: Callable[[bytes], None]
    gone: Callable[[], None]


class IncomingCalls:
    """The calls of one meter.

    Args:
        meter: its name.
        clock_s: seconds that pass as they do.
        patience_s: how long a connection is waited for at a time.
        fence: is asked before a call is used, and before anything goes out; None where nobody need be asked.
    """

    opens = False
    __slots__ = ("_call", "_clock_s", "_fence", "_heard_s", "_meter", "_patience_s", "_used", "_waiting", "wake")

    def __init__(
        self,
        meter: str,
        clock_s: Callable[[], float],
        patience_s: float = PATIENCE_S,
        *,
        fence: SendFence | None = None,
    ) -> None:
        self._fence = fence
        self._meter = meter
        self._clock_s = clock_s
        self._patience_s = patience_s
        self._call: _Call | None = None  # held, not used yet
        self._used: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._heard_s: float | None = None
        self.wake: Callable[[], None] = lambda: None
        """Is called when the meter called: whoever reads it need not wait for the next cycle."""

    def __str__(self) -> str:
        return f"call of {self._meter}"

    def take(self, transport: asyncio.Transport, unasked: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        """Take a connection that the meter opened; it takes the place of the one before.

        Args:
            transport: the connection; it is this one's from now on.
            unasked: is given what comes while nobody asks anything.
            gone: is told, once, that the connection is over.
        """
        self._drop_held()
        if self._used is not None:
            self._used.abort()
            self._used = None
        self._heard_s = self._clock_s()
        self._call = call = _Call(transport, unasked, gone)
        transport.set_protocol(_Held(self, call))
        transport.resume_reading()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        self.wake()

    def stream(self, framing: Framer, gap_s: float, wording: FailureWording) -> Stream:
        """Return a stream to be connected."""
        return CalledStream(framing, gap_s, wording, self._fence)

    async def connect(self, stream: Stream, *, is_doubtful: bool) -> None:  # noqa: ARG002 - nobody is connected to
        """Put the stream on the meter's call, or on the next one.

        Raises:
            LinkError: it did not call within the patience.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                while self._call is None:
                    self._waiting = asyncio.get_running_loop().create_future()
                    await self._waiting
        except TimeoutError:
            raise LinkError(f"{self}: waits for the meter's call{self._since()}", hint=_HINT) from None
        finally:
            self._waiting = None
        if self._fence is not None:
            self._fence.check(self)
        call, self._call = self._call, None
        self._used = call.transport
        called = cast("CalledStream", stream)  # it is the one that was made here
        called.call = call
        call.transport.set_protocol(called)
        called.connection_made(call.transport)

    def leave(self) -> None:
        """Hang up."""
        self._drop_held()

    def lost(self, call: _Call) -> None:
        """Note that a held call is over."""
        if self._call is call:
            self._call = None
        call.gone()

    def _drop_held(self) -> None:
        if self._call is not None:
            self._call.transport.abort()
            self._call = None

    def _since(self) -> str:
        if self._heard_s is None:
            return "; it has not called since the start"
        return f"; the last one was {self._clock_s() - self._heard_s:.0f} s ago"


class _Held(asyncio.Protocol):
    """A call that nobody uses yet."""

    def __init__(self, calls: IncomingCalls, call: _Call) -> None:
        self._calls = calls
        self._call = call

    def data_received(self, data: bytes) -> None:
        self._call.unasked(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why is the modem's business
        self._calls.lost(self._call)


class CalledStream(Stream):
    """A stream on a call: what answers nobody is passed on, for it may be a message.

    Args:
        framing: as the stream's, and so on.
        gap_s: the same.
        wording: the same.
        fence: asked before anything goes out; None where nobody need be asked.
    """

    __slots__ = ("_between", "_fence", "_whole", "call")
    call: _Call

    def __init__(self, framing: Framer, gap_s: float, wording: FailureWording, fence: SendFence | None) -> None:
        super().__init__(framing, gap_s, wording)
        self._fence = fence
        self._between = framer("wrapper" if isinstance(framing, WrapperFramer) else "hdlc")  # has a message begun?
        self._whole = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the call's connection, with the fence before it."""
        super().connection_made(transport)
        if self._fence is not None:
            fenced = self._fence.around(cast("asyncio.Transport", transport))
            self._transport = cast("asyncio.Transport", fenced)  # of which only write and abort are used

    def data_received(self, data: bytes) -> None:
        """Hand over what answers nobody; asyncio calls this."""
        if self._conversation is None:
            self.call.unasked(data)
            self._between.feed(data)
            self._whole.set()
        else:
            super().data_received(data)

    async def converse(
        self, conversation: Conversation[T], timeout_s: float, watch: FrameWatch | None, *, patient: bool
    ) -> T:
        """See :meth:`Stream.converse`; a message that has begun is waited for."""
        if self._between.buffer:
            try:
                await self._rest()
            except BaseException:
                conversation.close()
                raise
        return await super().converse(conversation, timeout_s, watch, patient=patient)

    async def _rest(self) -> None:
        """Wait until what has begun is whole, or will not be."""
        try:
            async with asyncio.timeout(_REST_S):
                while self._between.buffer.strip(b"\x7e") and self.broken is None:  # flags are fill
                    self._whole.clear()
                    await self._whole.wait()
        except TimeoutError:
            self._between.reset()

    def _go_on(self, step: Callable[[Any], bytes | Volley], value: Any) -> None:
        def heard(value: Any) -> bytes | Volley:
            said = step(value)
            if said is UNASKED:
                self.call.unasked(value)
            return said

        super()._go_on(heard, value)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the conversation, and say that the call is over; asyncio calls this."""
        super().connection_lost(exc if isinstance(exc, OSError) else reset("the meter ended its call"))
        self._whole.set()
        self.call.gone()
