"""How a test introduces devices, and answers for ThingsBoard."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from bridge.delivery.opening import PROOF

if TYPE_CHECKING:
    from bridge.delivery.introductions import Introductions
    from bridge.delivery.messages import Message

WIDE = math.inf


def question(message: Message) -> dict:
    assert message.topic == PROOF
    return json.loads(message.payload)


def introduce(intro: Introductions, now_s: float = 0, burst: float = WIDE) -> tuple[str, list[Message]]:
    device = intro.due(now_s)
    assert device is not None
    return device, intro.introduce(device, burst)


def answer(intro: Introductions, messages: list[Message]) -> str | None:
    asked = question(messages[-1])
    return intro.answered(json.dumps({"id": asked["id"], "device": asked["device"]}).encode())


def again(intro: Introductions, *devices: str) -> None:
    """The next session; these have something to be sent in it."""
    intro.began()
    intro.want(devices)


def prove(intro: Introductions, *devices: str, now_s: float = 0) -> None:
    intro.want(devices)
    while not all(intro.is_proven(device) for device in devices):
        _, messages = introduce(intro, now_s)
        answer(intro, messages)
