"""Farewell: what ThingsBoard is told when the bridge stops in order: each meter is off, its device disconnected.

Otherwise the local broker would keep the session, and ThingsBoard would go on sending calls to meters that nobody
reads. Within the time given, and within the limits: what does not fit is not told. Whether it is stored nobody waits
to see; that it was accepted, yes.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from bridge.delivery.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.delivery.parts import Parts

DISCONNECT = "v1/gateway/disconnect"
_MOST = 500
"""Devices that are disconnected one by one: a fleet is left to ThingsBoard's own timeout."""
_STEP_S = 0.05


async def say_farewell(parts: Parts, *, clock: Callable[[], float], within_s: float) -> None:
    """Tell it; nothing else may be sent any more."""
    until_s = clock() + within_s
    if not parts.has_thingsboard or not parts.watch.is_up:
        return
    held = parts.renames.held

    def is_open(device: str) -> bool:
        return parts.introductions.is_proven(device) and device not in held

    while clock() < until_s:
        now_s = clock()
        room = parts.limits.entries(now_s)
        waits = not parts.sending.has_room or parts.limits.telemetry_wait_s(now_s) > 0 or room < 1
        message = None if waits else parts.reports.off(is_open, most=room)
        if message is not None:
            parts.sending.give(message, now_s)
        elif not waits:
            break
        if waits:
            await asyncio.sleep(_STEP_S)
    for device in (parts.introductions.proven if parts.knows_devices else [])[:_MOST]:
        if clock() < until_s:
            parts.sending.give(Message(DISCONNECT, json.dumps({"device": device}).encode()), clock())
    parts.sending.give(parts.questions.ask_limits(clock()), clock())  # its answer accepts all that was sent before
    while parts.watch.is_up and parts.sending.way.messages and clock() < until_s:  # noqa: ASYNC110 - or time ends it
        await asyncio.sleep(_STEP_S)
