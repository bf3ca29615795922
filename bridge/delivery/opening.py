"""Opening: the messages that open a device behind the gateway and prove it, and what ThingsBoard counts for them. Pure.

Rules:

* A device is opened by ``connect``, with its type, and proven by the answer to a question about it.
* One that is known to exist is opened by the question alone.
* Where not all of it fits at once, or an opening may be refused in so many words, it goes in two steps.
* Where the last ``connect`` ended the session a row without values opens the device.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.delivery.messages import TELEMETRY, Message
from bridge.delivery.shared_attributes import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT = "v1/gateway/connect"
PROOF = "v1/gateway/attributes/request"
PROOF_ANSWER = "v1/gateway/attributes/response"
ID_SPAN = 1 << 31
"""ThingsBoard reads a question's number as a Java int."""

_OPENING, _ASKING = 2, 1
"""Regular messages that ThingsBoard counts for opening a device, and for a question about an open one."""
OPEN_AND_ASK = _OPENING + _ASKING


@dataclass(slots=True)
class Pending:
    """A device that is being opened and proven."""

    number: int = -1  # of the question; -1 while the device is being opened
    opening: Message | None = None
    last: Message | None = None
    passed_s: float = math.inf  # when something asked after it was answered
    is_open: bool = False


def cost(pending: Pending | None, burst: float) -> int:
    """Regular messages that ThingsBoard counts for the next step with a device.

    Args:
        pending: how far it is; None before the first step.
        burst: how many may ever go at once.
    """
    if pending is not None:
        return _ASKING
    return OPEN_AND_ASK if burst >= OPEN_AND_ASK else _OPENING


class Opener:
    """See the module's rules.

    Args:
        device_type: the type that new devices get.
        first_id: number of the first question.
        is_stepwise: whether a device is asked for only when its opening was accepted.
    """

    def __init__(self, *, device_type: str, first_id: int, is_stepwise: bool) -> None:
        self._is_stepwise = is_stepwise
        self._type = device_type
        self._id = first_id

    def open(self, device: str, pending: Pending, burst: float, *, is_known: bool, by_row: bool) -> list[Message]:
        """The first step, and the second where it may go at once."""
        if burst >= OPEN_AND_ASK and is_known:
            return [self._proof(device, pending, OPEN_AND_ASK)]
        pending.opening = _empty_row(device) if by_row else _connect(device, self._type)
        if self._is_stepwise or burst < OPEN_AND_ASK:
            return [pending.opening]
        return [pending.opening, self.prove(device, pending)]

    def prove(self, device: str, pending: Pending) -> Message:
        """The second step."""
        return self._proof(device, pending, _ASKING)

    def _proof(self, device: str, pending: Pending, cost: int) -> Message:
        self._id = (self._id + 1) % ID_SPAN
        question = {"id": self._id, "device": device, "client": False, "key": KEY}
        pending.number = self._id
        pending.last = Message(PROOF, _json(question), regular=cost, answer=f"{PROOF_ANSWER}/{self._id}")
        return pending.last


def _connect(device: str, device_type: str) -> Message:
    return Message(CONNECT, _json({"device": device, "type": device_type}), regular=_OPENING)


def _empty_row(device: str) -> Message:
    """It passes where a tight limit of regular messages lets no connect pass (recorded on 3.6 to 4.3)."""
    row = _json({device: [{"ts": 1, "values": {}}]})
    return Message(TELEMETRY, row, devices={device: 0}, regular=_OPENING)


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
