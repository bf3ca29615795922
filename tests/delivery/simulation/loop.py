"""An event loop whose clock is jumped instead of waited for: an hour of the delivery wing in the time its work takes.

Rules
    ``time()`` starts at 1000. A turn of the loop takes two microseconds, so that who waits for a rounding error is not
    there for ever; with nothing left to do the clock jumps to the next timer.
    Callbacks of one instant run in the order in which they were asked for, so a run is the same for the same seed.
    What would go to a thread runs at once, on the loop; its answer comes after the time that the disk is said to take.
    Nothing waits for a file descriptor. A loop without a timer can never go on: that is an error, not a long wait.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import base_events, events
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

STARTS_AT_S = 1000.0
TURN_S = 2e-6
_LOOK_EVERY = 20_000


class Stuck(RuntimeError):  # noqa: N818 - what was found, not what went wrong
    """Nothing is due, now or ever."""


class Steps(RuntimeError):  # noqa: N818 - as above
    """More callbacks than the run may have: something goes round without the clock moving, or nearly so."""


class VirtualLoop(base_events.BaseEventLoop):
    """See the module's rules.

    Args:
        most_steps: turns of the loop after which it gives up.
    """

    def __init__(self, *, most_steps: int = 50_000_000) -> None:
        super().__init__()
        self._now_s = STARTS_AT_S
        self._selector = self
        self._order = 0
        self._looked_s = 0.0
        self._clock_resolution = 0.0
        self.steps = 0
        """Turns so far."""
        self._look_at = _LOOK_EVERY
        self._next_count = 0
        self.give(most_steps)
        self.executor_s: Callable[[], float] = float
        """Seconds that a piece of work on a thread takes; asked for each piece."""
        self.errors: list[dict[str, Any]] = []
        """What nobody caught."""
        self.set_exception_handler(lambda _, context: self.errors.append(context))

    def give(self, steps: int) -> None:
        """So many turns more, whatever was used up."""
        self._most_steps = self.steps + steps
        self._next_count = 0

    def time(self) -> float:
        """Seconds."""
        return self._now_s

    def _run_once(self) -> None:
        """A turn, as BaseEventLoop's, for which nothing lies between a timer and who waits for it."""
        timers, ready = self._scheduled, self._ready
        while timers and timers[0][2]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(timers)[2]._scheduled = False
        self.steps += 1
        if self.steps >= self._next_count:
            self._count()
        now_s = self._now_s
        if not (ready or self._stopping):
            if not timers:
                raise Stuck("nothing is due any more")
            now_s = max(now_s, timers[0][0])
        self._now_s = now_s = now_s + TURN_S
        while timers and timers[0][0] < now_s:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:  # noqa: BLE001 - as asyncio's handle: whatever it is, the loop goes on
                    said = f"Exception in callback {handle._callback!r}"
                    self.call_exception_handler({"message": said, "exception": error, "handle": handle})

    def _count(self) -> None:
        if self.steps > self._most_steps:
            raise Steps("the run takes more turns than it may: something goes round and round")
        if self.steps >= self._look_at:
            self._look_at = self.steps + _LOOK_EVERY
            if self._now_s - self._looked_s < 1.0:
                raise Steps(
                    f"{_LOOK_EVERY} turns in {self._now_s - self._looked_s:.3f} s: something goes round and round"
                )
            self._looked_s = self._now_s
        self._next_count = min(self._look_at, self._most_steps + 1)

    def _write_to_self(self) -> None:
        pass

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        """As asyncio's."""
        handle = _Handle(callback, args, self, context or copy_context())
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        """As asyncio's."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        """As asyncio's; two timers of one instant fire in the order in which they were set."""
        self._order += 1
        timer = _Timer(when, callback, args, self, context or copy_context())
        heapq.heappush(self._scheduled, (when, self._order, timer))
        return timer

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        """There are no threads."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Do the work now, on the loop."""
        _ = executor
        future = self.create_future()
        try:
            result, error = func(*args), None
        except Exception as raised:  # noqa: BLE001 - whatever it is belongs to who awaits
            result, error = None, raised
        takes_s = self.executor_s()
        if takes_s > 0:
            self.call_later(takes_s, _settle, future, result, error)
        else:
            _settle(future, result, error)
        return future


class _Handle(events.Handle):
    """As asyncio's, made with less ado: a run makes thousands."""

    __slots__ = ()

    def __init__(self, callback: Callable[..., object], args: Any, loop: VirtualLoop, context: Context) -> None:
        self._context, self._loop, self._callback, self._args = context, loop, callback, args
        self._cancelled, self._repr, self._source_traceback = False, None, None


class _Timer(events.TimerHandle):
    __slots__ = ()

    def __init__(
        self, when: float, callback: Callable[..., object], args: Any, loop: VirtualLoop, context: Context
    ) -> None:
        self._context, self._loop, self._callback, self._args = context, loop, callback, args
        self._cancelled, self._repr, self._source_traceback = False, None, None
        self._when, self._scheduled = when, True


def _settle(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if future.done():  # cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
