"""Calls: what ThingsBoard asks of a meter or of the gateway, carried out beside the publishing, which waits for none.

Owns the tasks that calls run in: they end with :meth:`Calls.run`. How a call and its answer look is in ``rpc.py``, what
a method does is not known here. Rules:

* Every call is answered, once, and within the time that ThingsBoard waits: with what came of it, with an error in
  words, or with ``busy``, where :data:`AT_ONCE` are being carried out already.
* A call that comes again in its session is not carried out again.
* An answer belongs to the session that asked: in another one nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.delivery import rpc

if TYPE_CHECKING:
    from bridge.delivery.names import Names

AT_ONCE = 100
"""Calls that are carried out side by side. More at one instant is no person."""
ANSWER_WITHIN_S = 8.5
"""ThingsBoard waits for 10 s; the rest is for the way there and back."""
_REMEMBERED = 1000

Commands = Callable[[str, str, Any], Awaitable[dict[str, Any]]]
"""Meter (empty for the gateway itself), method, parameters; returns the answer, ``{"error": …}`` for a call that it
cannot carry out."""


async def no_commands(meter: str, method: str, params: Any) -> dict[str, Any]:
    """Answer every call with an error: this bridge takes none."""
    _ = meter, params
    return {"error": f"unknown method {method!r}"}


class Calls:
    """Remote calls.

    Args:
        commands: carries out a call.
        names: whose device it is for.
        answer: sends an answer into the session of that number, if it still stands: topic, payload, number.
        session: the number of the session now.
        own: in device mode, the device that every call is for; empty for the gateway.
        notified: takes the calls that are ThingsBoard's own and not answered; False for any other.
        held: whether it is not certain just now whose device it is.
    """

    def __init__(
        self,
        commands: Commands,
        *,
        names: Names,
        answer: Callable[[str, bytes, int], object],
        session: Callable[[], int],
        own: str = "",
        notified: Callable[[str, Any], bool] = lambda _method, _params: False,
        held: Callable[[str], bool] = lambda _device: False,
    ) -> None:
        self._commands = commands
        self._names = names
        self._answer = answer
        self._session = session
        self._own = own
        self._notified = notified
        self._held = held
        self._waiting: asyncio.Queue[tuple[str, rpc.Call, int]] = asyncio.Queue()
        self._busy_with = 0
        self._heard: dict[tuple[int, str, int], None] = {}  # session, device, number of the call

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a call; never blocks, and raises nothing whatever it is."""
        try:
            asked = rpc.call(topic, payload, self._own)
        except rpc.Unreadable as error:
            logger.bind(stage="upstream").warning("upstream | a remote call that cannot be read: {}", error)
            return
        if not asked.device and self._notified(asked.method, asked.params):
            return
        session = self._session()
        if (key := (session, asked.device, asked.id)) in self._heard:
            logger.debug("upstream | {} is asked again: {}", asked.device or "the gateway", asked.method)
            return
        self._heard[key] = None
        if len(self._heard) > _REMEMBERED:
            del self._heard[next(iter(self._heard))]
        logger.info("upstream | {} is asked: {}", asked.device or "the gateway", asked.method)
        if self._busy_with >= AT_ONCE:
            logger.bind(stage="upstream").warning("upstream | {} calls are being carried out: busy", AT_ONCE)
            busy = {"error": f"busy: {AT_ONCE} calls are being carried out already; ask again in a moment"}
            self._answer(*rpc.answer(topic, asked, busy), session)
            return
        self._busy_with += 1
        self._waiting.put_nowait((topic, asked, session))

    async def run(self) -> None:
        """Carry out what comes, side by side, until cancelled; calls that are not done then are cancelled too."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                topic, asked, session = await self._waiting.get()
                tasks.create_task(self._carry_out(topic, asked, session), name=f"remote call {asked.method}")

    async def _carry_out(self, topic: str, asked: rpc.Call, session: int) -> None:
        try:
            answer = rpc.answer(topic, asked, await self._said(asked))
        except Exception:  # noqa: BLE001 - whoever may call must not be able to end the process with one call
            logger.bind(stage="upstream").exception("upstream | {}: {} failed", asked.device, asked.method)
            answer = rpc.answer(topic, asked, {"error": "the bridge failed at this; its log says where"})
        finally:
            self._busy_with -= 1
        self._answer(*answer, session)

    async def _said(self, asked: rpc.Call) -> dict[str, Any]:
        if self._held(asked.device):
            return {"error": "busy: devices are being renamed; ask again in a moment"}
        meter = self._names.meter_of(asked.device) if asked.device else ""
        if meter is None:
            return {"error": f"no meter of this bridge has the device {asked.device!r}"}
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._commands(meter, asked.method, asked.params)
        except TimeoutError:
            return {"error": f"busy: not done within {ANSWER_WITHIN_S:g} s; it may still be done later"}
