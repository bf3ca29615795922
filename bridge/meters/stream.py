"""asyncio's side of an open connection: it drives a conversation right where the bytes arrive.

A request costs one write and one wake-up of the loop, and no task. One lazy timer per connection. A
:class:`FailureWording` says what went wrong; the conversation is told, and may have another way. Knows neither meters
nor addresses.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bridge.dlms.conversation import NEW_CONNECTION
from bridge.dlms.volley import Volley
from bridge.meters.broken_connection import NewConnectionWanted, aborted, led_out, reset
from bridge.meters.noise import Noise, lasting
from bridge.meters.socket_options import set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.framing import Framer
    from bridge.meters.failure_wording import FailureWording
    from bridge.meters.frame_watch import FrameWatch

T = TypeVar("T")
_FLOOD_BYTES = 1 << 20
"""After this many bytes that are no answer the connection is given up: a babbling peer must not keep the loop busy."""
_CLOCK_STEP_S = 0.001  # of uvloop's clock


class Stream(asyncio.Protocol):
    """Bytes to frames, frames into the conversation that runs.

    Args:
        framing: cuts the bytes into frames.
        gap_s: least silence between what came last and the next request, seconds.
        wording: puts failures in words.
    """

    __slots__ = (
        "_again", "_asked", "_conversation", "_deadline_s", "_delayed", "_done", "_ended_s", "_framer", "_gap_s",
        "_heard", "_last_s", "_loop", "_noise", "_patient", "_repeats", "_request", "_stale", "_timeout_s", "_timer",
        "_timer_s", "_transport", "_volley", "_watch", "_wording", "broken",
    )  # fmt: skip

    def __init__(self, framing: Framer, gap_s: float, wording: FailureWording) -> None:
        self.broken: OSError | None = None
        """Why the connection is of no more use; None while it stands."""
        self._loop = asyncio.get_running_loop()
        self._framer, self._wording = framing, wording
        self._gap_s, self._last_s = gap_s, 0.0
        self._transport: asyncio.Transport | None = None
        self._conversation: Conversation[Any] | None = None
        self._volley: Volley | None = None  # of the conversation, while it is under way
        self._done: asyncio.Future[Any] | None = None
        self._watch: FrameWatch | None = None
        self._timeout_s = self._deadline_s = self._timer_s = self._ended_s = 0.0
        self._timer: asyncio.TimerHandle | None = None  # runs out at _timer_s, never after _deadline_s
        self._delayed: asyncio.TimerHandle | None = None
        self._asked = self._repeats = self._stale = 0  # requests so far, and again; bytes that nobody waited for
        self._patient, self._heard, self._again = True, True, False  # again: what goes out now was asked before
        self._request = b""  # what an answer is awaited to, and what came that was none
        self._noise: Noise | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the socket up; asyncio calls this."""
        self._transport = cast("asyncio.Transport", transport)  # a TCP connection has no other; uvloop's says no kin
        set_up(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Hand whole frames to the conversation, and count what answers nothing; asyncio calls this."""
        if self._gap_s:
            self._last_s = self._loop.time()
        if self._conversation is None:
            self._stale += len(data.strip(b"\x7e"))  # flags are fill
            self._noted().add(data)
            self._give_up_if_flooded(self._stale)
            return
        if self._volley is not None and not self._framer.buffer and self._is_taken(data):
            return  # one whole frame, as nearly always, and the one that must come
        frames = self._framer.feed(data)
        if not frames:
            self._noted().add(data)
            self._give_up_if_flooded(self._framer.dropped)
        asked = self._asked
        for frame in frames:
            conversation = self._conversation
            if conversation is None or self._asked != asked or self._delayed is not None:
                self._stale += len(frame)  # it came before what was asked since
                continue
            if self._volley is not None and self._is_taken(frame):
                continue
            self._heard = True
            if self._watch is not None:
                self._watch.came(frame)
            self._go_on(conversation.send, frame)
            if self._asked == asked and self._conversation is conversation:
                self._noted().add_frame(frame)

    def _is_taken(self, frame: bytes) -> bool:
        """Return whether ``frame`` is the answer that the volley awaits; if so, go on with what it asks next."""
        volley, conversation = self._volley, self._conversation
        if volley is None or conversation is None or self._delayed is not None or not volley.take(frame):
            return False
        self._heard = True
        if self._watch is not None:
            self._watch.came(frame)
        if volley.request:
            self._asked += 1
            self._ask(volley.request)
        else:
            self._go_on(conversation.send, b"")
        return True

    def _noted(self) -> Noise:
        """Return the evidence of what came, to be added to."""
        self._noise = self._noise or Noise()
        return self._noise

    def connection_lost(self, exc: Exception | None) -> None:
        """End the conversation with the reason; asyncio calls this."""
        if self.broken is None:
            self._break(exc if isinstance(exc, OSError) else reset("the other side closed the connection"))

    async def converse(
        self, conversation: Conversation[T], timeout_s: float, watch: FrameWatch | None, *, patient: bool
    ) -> T:
        """Carry ``conversation`` to its end and return its result; see :meth:`~bridge.meters.link.Link.converse`.

        Raises:
            NewConnectionWanted: it asks for another connection, and goes on there.
            MeterError: whatever the conversation raises; by itself, or because the connection broke.
        """
        if self.broken is not None:
            conversation.close()
            raise self._wording.broke(self.broken)
        done: asyncio.Future[T] = self._loop.create_future()
        self._conversation, self._done, self._watch = conversation, done, watch
        self._timeout_s, self._patient, self._heard = timeout_s, patient, False
        self._deadline_s = self._loop.time() + timeout_s
        self._request, self._noise = b"", lasting(self._noise)
        try:
            self._go_on(conversation.send, None)
            # The timer of the conversation before may do; it moves itself on.
            if self._conversation is not None and (self._timer is None or self._timer_s > self._deadline_s):
                self._arm()
            return await done
        except asyncio.CancelledError:
            if done.done() and not done.cancelled():
                done.exception()  # it ended at that very moment; nobody is left to be told
            raise
        finally:
            if self._conversation is not None:
                self._end()  # cancelled: nothing of it goes on

    def take_repeats(self) -> int:
        """Return how many requests went out again since this was last asked."""
        count, self._repeats = self._repeats, 0
        return count

    def take_dropped(self) -> int:
        """Return how many bytes answered nothing since this was last asked."""
        count, self._framer.dropped, self._stale = self._framer.dropped + self._stale, 0, 0
        return count

    def frame_by(self, framing: Framer) -> None:
        """Cut frames by ``framing`` from here on."""
        framing.dropped += self._framer.dropped
        self._framer = framing

    def close(self) -> float:
        """Close the connection and return when it ended, in the loop's time."""
        if self.broken is None:
            self._break(aborted("this side closed the connection"))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return self._ended_s

    def _give_up_if_flooded(self, useless_bytes: int) -> None:
        """Give up the connection when too much came that is no answer."""
        if useless_bytes > _FLOOD_BYTES and self.broken is None:
            self._break(aborted("the other side floods the connection with bytes that are no answer"))

    def _break(self, error: OSError) -> None:
        self.broken = error
        self._ended_s = self._loop.time()
        if self._transport is not None:
            self._transport.abort()  # nothing unsent justifies a lingering socket
        self._end_broken(error)

    def _end_broken(self, error: OSError) -> None:
        """Tell the conversation that the connection broke, and let it come to its end, or ask for another."""
        conversation, self._conversation = self._conversation, None  # nothing of it is sent any more
        self._volley = None
        if conversation is None:
            self._end()
            return
        result, raised = led_out(conversation, self._wording.broke(error))
        self._end(result=result, error=raised)

    def _go_on(self, step: Callable[[Any], bytes | Volley], value: Any) -> None:
        """Take the conversation one step further and do what it says."""
        self._volley = None
        try:
            request = step(value)
        except StopIteration as done:
            self._end(result=done.value)
        except Exception as error:  # noqa: BLE001 - it is raised where the conversation is awaited
            self._end(error=error)
        else:
            if request is NEW_CONNECTION:
                self._conversation = None  # it goes on elsewhere
                self._end(error=NewConnectionWanted())
            elif request:
                if isinstance(request, Volley):
                    self._volley, request = request, request.request
                self._asked += 1
                self._ask(request)

    def _ask(self, request: bytes) -> None:
        """Send ``request``, after the silence that slow meters want."""
        if not self._gap_s:
            self._write(request)
            return
        if self._delayed is not None:  # it gave up on a request that noise kept from going out
            self._delayed.cancel()
            self._delayed = None
        gap_s = self._last_s + self._gap_s - self._loop.time()
        if gap_s > 0:
            self._deadline_s = self._loop.time() + gap_s + self._timeout_s
            self._delayed = self._loop.call_later(gap_s, self._write_after_gap, request)
        else:
            self._write(request)

    def _write_after_gap(self, request: bytes) -> None:
        self._delayed = None
        gap_s = self._last_s + self._gap_s - self._loop.time()
        if gap_s > _CLOCK_STEP_S:  # something came meanwhile: the silence starts over
            self._delayed = self._loop.call_later(gap_s, self._write_after_gap, request)
        else:
            self._write(request)

    def _write(self, request: bytes) -> None:
        if self._transport is None or self._conversation is None:
            return
        self._framer.reset()  # no stale byte can be taken for the answer
        self._noise = self._noise if self._again else lasting(self._noise)
        self._request = request
        self._deadline_s = self._loop.time() + self._timeout_s
        if self._watch is not None:
            self._watch.sent(request)
        try:
            self._transport.write(request)
        except RuntimeError as closed:  # how uvloop says that the other side just closed
            self._break(reset(str(closed)))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = self._deadline_s
        self._timer = self._loop.call_at(self._deadline_s, self._check_deadline)

    def _check_deadline(self) -> None:
        """Look whether the answer is overdue. One timer per connection, rearmed only when it fires."""
        self._timer = None
        conversation = self._conversation
        if conversation is None:
            return
        if self._loop.time() >= self._deadline_s:
            self._deadline_s = self._loop.time() + self._timeout_s
            noise = self._noted()
            silence = self._wording.silent(self._timeout_s, self._request, noise.raw, noise.count, noise.frames)
            silence.final = not self._patient and not self._heard
            self._heard = self._patient  # the impatient repeat only once
            self._again = True
            self._go_on(conversation.throw, silence)
            self._again = False
            if self._conversation is None:
                return
            self._repeats += 1
        self._arm()

    def _end(self, *, result: Any = None, error: Exception | None = None) -> None:
        """End the conversation; does nothing when none runs."""
        conversation, self._conversation = self._conversation, None
        self._volley = None
        done, self._done, self._watch = self._done, None, None
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None
        if done is not None and not done.done():
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)
        if conversation is not None:
            conversation.close()
