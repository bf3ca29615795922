"""One TCP connection to one host:port. The meters behind it share it and take turns.

Opens, closes, keeps the gaps that meters need, and has ``stream.py`` carry conversations. Knows neither meters nor
DLMS, and never decides to try again. Where a connection comes from, ``dialling.py`` knows. Socket errors become
:class:`~bridge.errors.MeterError` in these two and nowhere else.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.dlms import mode_e
from bridge.dlms.framing import framer
from bridge.dlms.overheard import Overheard, explain
from bridge.errors import FramingError, LinkError, MeterError, ReplyTimeout
from bridge.meters.broken_connection import NewConnectionWanted
from bridge.meters.dialling import Dialler
from bridge.meters.socket_errors import advice_on, in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.framing import Framing
    from bridge.meters.cycle_schedule import CycleSchedule
    from bridge.meters.dialling import ConnectionWay
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.send_fence import SendFence
    from bridge.meters.stream import Stream

T = TypeVar("T")
_DOUBTFUL_AFTER = 3  # failures in a row


class Link:
    """A connection that is opened, used and closed any number of times.

    Args:
        host: name or address.
        port: TCP port.
        framing: how frames stand in the stream.
        connect_timeout_s: how long opening may take, name resolution included.
        frame_gap_s: least silence between what came last and the next request; slow meters lose a faster one.
        connecting: bounds how many links open at one time; shared by all links.
        doubtful: bounds, by less, those among them that failed again and again; dead hosts never keep one that
            comes back from connecting.
        fence: is asked before anything goes out; None where nobody else may speak to the meters.
        way: where connections come from, with a fence of its own; None opens them.
    """

    __slots__ = (
        "_closed_s", "_connect_timeout_s", "_failures", "_fence", "_frame_gap_s", "_members", "_reconnect_gap_s",
        "_repeats", "_stale_bytes", "_stream", "_turn", "_way", "framing", "generation", "host", "port", "schedules",
    )  # fmt: skip

    def __init__(
        self,
        host: str,
        port: int,
        framing: Framing,
        *,
        connect_timeout_s: float,
        frame_gap_s: float = 0.0,
        connecting: asyncio.Semaphore,
        doubtful: asyncio.Semaphore | None = None,
        fence: SendFence | None = None,
        way: ConnectionWay | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.framing = framing
        self.generation = 0
        """How many times the connection was opened: associations of an earlier one are gone."""
        self.schedules: list[CycleSchedule] = []
        """When the meters behind it are due."""
        self._connect_timeout_s = connect_timeout_s
        self._frame_gap_s = frame_gap_s
        self._reconnect_gap_s = 0.0
        self._closed_s = -inf
        self._fence = fence
        self._way = way or Dialler(
            host, port, connect_timeout_s=connect_timeout_s, connecting=connecting, doubtful=doubtful, fence=fence
        )
        self._turn = asyncio.Lock()
        self._stream: Stream | None = None
        self._stale_bytes = 0
        self._repeats = 0
        self._members = 0
        self._failures = 0

    def __str__(self) -> str:
        return str(self._way)

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as this side knows."""
        return self._stream is not None and self._stream.broken is None

    @property
    def is_shared(self) -> bool:
        """Whether several meters take turns here."""
        return self._members > 1

    def join(self, *, frame_gap_s: float = 0.0, reconnect_gap_s: float = 0.0) -> None:
        """Count one more meter behind this link.

        Args:
            frame_gap_s: least silence before a request that it needs; the longest of all meters' is kept.
            reconnect_gap_s: least time that it needs between the end of a connection and the next; the same.
        """
        self._members += 1
        self._frame_gap_s = max(self._frame_gap_s, frame_gap_s)
        self._reconnect_gap_s = max(self._reconnect_gap_s, reconnect_gap_s)

    def leave(self) -> None:
        """Count one meter less; the last one closes the connection."""
        self._members -= 1
        if self._members > 0:
            return
        self.close()
        self._way.leave()

    def answered(self) -> None:
        """Note that a meter behind this link answered: the connection works."""
        self._failures = 0

    def failed(self, error: MeterError) -> None:
        """Note that a conversation failed, and close the connection where that may help.

        A silent meter on a bus says nothing about the others, so a shared connection stays open until it breaks, or as
        many conversations in a row have failed as there are meters behind it.
        """
        self._failures += 1
        if error.stage in ("tcp", "dns") or self._failures >= self._members:
            self.close()

    def wake(self) -> None:
        """Have the meters behind it read at once, those that may be."""
        for schedule in self.schedules:
            schedule.wake()

    def turn(self) -> asyncio.Lock:
        """Return the lock on the link: the meters behind one converter would talk into each other's answers."""
        return self._turn

    async def open(self, watch: FrameWatch | None = None) -> None:
        """Open the connection if it is not open, once the gap after the last one is over.

        Args:
            watch: sees the bytes of an IEC 62056-21 opening.

        Raises:
            DnsError: the name has no address. Wait, then try again.
            LinkError: refused, unreachable or silent. Wait, then try again.
            ReplyTimeout, AssociationError: no IEC 62056-21 opening with this meter. The same.
        """
        if self.is_open:
            return
        self.close()
        loop = asyncio.get_running_loop()
        gap_s = self._closed_s + self._reconnect_gap_s - loop.time()
        if gap_s > 0 and self._way.opens:  # who calls by himself is ready, and hangs up where nobody asks anything
            await asyncio.sleep(gap_s)
        opening = self.framing == "hdlc-mode-e"
        framing = mode_e.LineFramer() if opening else framer(self.framing)
        stream = self._way.stream(framing, self._frame_gap_s, self)
        try:
            await self._way.connect(stream, is_doubtful=self._failures >= _DOUBTFUL_AFTER)
            if opening:
                await self._sign_on(stream, watch)
        except BaseException:
            self._closed_s = stream.close()
            raise
        self._stream = stream
        self.generation += 1

    async def _sign_on(self, stream: Stream, watch: FrameWatch | None) -> None:
        try:
            await stream.converse(mode_e.opening(), self._connect_timeout_s, watch, patient=True)
        except FramingError:
            raise
        except ReplyTimeout as error:
            raise ReplyTimeout(
                f"{self}: no answer to the IEC 62056-21 opening", hint="is it a meter with mode E? else FRAMING=hdlc"
            ) from error
        stream.frame_by(framer("hdlc"))

    async def converse(
        self, conversation: Conversation[T], timeout_s: float, watch: FrameWatch | None = None, *, patient: bool = True
    ) -> T:
        """Carry ``conversation`` to its end and return its result.

        Args:
            conversation: see ``conversation.py`` for its rules.
            timeout_s: how long the whole answer to each request may take.
            watch: sees the bytes.
            patient: False when others wait for their turn on a shared link: nothing is asked again until
                something was answered, and then only once.

        Raises:
            ReplyTimeout: no answer in time, after whatever repetitions the conversation made.
            LinkError: the connection is not open, or broke. Close, then reconnect after the backoff.
            MeterError: whatever the conversation raises.
        """
        while True:
            stream = self._stream
            if stream is None:
                conversation.close()
                raise LinkError(f"{self}: the connection is closed")
            try:
                return await stream.converse(conversation, timeout_s, watch, patient=patient)
            except NewConnectionWanted:
                pass
            finally:
                self._repeats += stream.take_repeats()
            await self._open_anew(conversation, watch)

    async def _open_anew(self, conversation: Conversation[Any], watch: FrameWatch | None) -> None:
        """Open another connection for a conversation that asked for it.

        One that others share stays, and one that the meter opened: only the meter could open another.
        """
        is_called = not self._way.opens and self.framing != "hdlc-mode-e"
        try:
            if not (self.is_open and (is_called or (self.is_shared and self.framing == "hdlc"))):
                self.close()
            await self.open(watch)
        except BaseException:
            conversation.close()
            raise

    def broke(self, error: OSError) -> MeterError:
        """Return the error for a connection that broke; see :class:`~bridge.meters.stream.Teller`."""
        shut = None if self._fence is None else self._fence.shut(self)
        return shut or LinkError(f"{self}: {in_words(error)}", hint=advice_on(error))

    def silent(self, timeout_s: float, request: bytes, raw: bytes, count: int, frames: Sequence[bytes]) -> ReplyTimeout:
        """Return the error for an answer that did not come, with what came instead."""
        told = explain(Overheard(self.framing, request, raw, count, frames))
        if told is None:
            return ReplyTimeout(
                f"{self}: no answer within {timeout_s:g} s",
                hint="check addresses, framing and baud rate of the converter; a slow meter wants a longer TIMEOUT",
            )
        kind = FramingError if told.unframed else ReplyTimeout
        return kind(f"{self}: no whole answer within {timeout_s:g} s: {told.said}", hint=told.hint)

    def take_repeats(self) -> int:
        """Return how many requests went out again since this was last asked."""
        count, self._repeats = self._repeats, 0
        return count

    def take_stale_bytes(self) -> int:
        """Return how many bytes made no frame or came unasked since this was last asked."""
        count = self._stale_bytes + (self._stream.take_dropped() if self._stream else 0)
        self._stale_bytes = 0
        return count

    def close(self) -> None:
        """Close the connection; does nothing when it is closed."""
        if self._stream is not None:
            self._stale_bytes += self._stream.take_dropped()
            self._closed_s = self._stream.close()
            self._stream = None
