"""Calls: what ThingsBoard asks of a meter, carried out beside the publishing, which waits for none of it.

Owns the tasks that calls run in: they end with :meth:`Calls.run`. How a call and its answer look is in ``rpc.py``,
what a method does is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from bridge.delivery import rpc

WAITING = 100
"""Calls that may wait for their start. More at one instant is no person; they stay unanswered, and that is logged."""

Commands = Callable[[str, str, Any], Awaitable[dict[str, Any]]]
"""Device, method, parameters; returns the answer, ``{"error": …}`` for a call that it cannot carry out."""


async def no_commands(device: str, method: str, params: Any) -> dict[str, Any]:
    """Answer every call with an error: this bridge takes none."""
    _ = device, params
    return {"error": f"unknown method {method!r}"}


class Calls:
    """Remote calls and shared attributes.

    Args:
        commands: carries out a call.
        publish: sends an answer: topic, payload.
        own: in device mode, the device that every call is for.
    """

    def __init__(self, commands: Commands, *, publish: Callable[[str, bytes], object], own: str) -> None:
        self._commands = commands
        self._publish = publish
        self._own = own
        self._waiting: asyncio.Queue[tuple[str, rpc.Call]] = asyncio.Queue(WAITING)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take what came from ThingsBoard; never blocks, and raises nothing whatever it is."""
        if topic in (rpc.CHANGES, rpc.DEVICE_CHANGES):
            self._hear_change(topic, payload)
            return
        try:
            asked = rpc.call(topic, payload, self._own)
        except rpc.Unreadable as error:
            logger.bind(stage="upstream").warning("upstream | a remote call that cannot be read: {}", error)
            return
        logger.info("upstream | {} is asked: {}", asked.device, asked.method)
        self._enqueue(topic, asked)

    async def run(self) -> None:
        """Carry out what comes, side by side, until cancelled; calls that are not done then are cancelled too."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                topic, asked = await self._waiting.get()
                tasks.create_task(self._carry_out(topic, asked), name=f"remote call {asked.method}")

    def _hear_change(self, topic: str, payload: bytes) -> None:
        """A shared attribute ``interval`` is the same as the call ``setInterval``; others are none of ours."""
        try:
            device, values = rpc.shared_attributes(topic, payload, self._own)
        except rpc.Unreadable:
            return
        if "interval" in values:
            logger.info("upstream | shared attribute of {}: interval {}", device, values["interval"])
            self._enqueue(topic, rpc.Call(device, 0, "setInterval", values["interval"]))

    def _enqueue(self, topic: str, asked: rpc.Call) -> None:
        try:
            self._waiting.put_nowait((topic, asked))
        except asyncio.QueueFull:
            logger.bind(stage="upstream").warning(
                "upstream | {}: {} is not carried out, {} calls wait already", asked.device, asked.method, WAITING
            )

    async def _carry_out(self, topic: str, asked: rpc.Call) -> None:
        try:
            said = await self._commands(asked.device, asked.method, asked.params)
        except Exception:  # noqa: BLE001 - whoever may call must not be able to end the process with one call
            logger.bind(stage="upstream").exception("upstream | {}: {} failed", asked.device, asked.method)
            said = {"error": "the bridge failed at this; its log says where"}
        if topic not in (rpc.CHANGES, rpc.DEVICE_CHANGES):
            self._publish(*rpc.answer(topic, asked, said))
        elif "error" in said:  # nobody waits for an answer
            logger.bind(stage="upstream").warning("upstream | {}: {}", asked.device, said["error"])
