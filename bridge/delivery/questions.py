"""Questions: what the bridge asks ThingsBoard about itself and about the gateway, and what it writes to ask for.

Owns the topics of the mark and of the limits, the numbers that questions carry and how answers are read. When to ask is
the confirmation's to say; what an answer means is not known here. A question about a device is the introductions'.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bridge.delivery.confirmation.open_questions import ID_SPAN
from bridge.delivery.messages import Message
from bridge.delivery.shared_attributes import KEY
from bridge.delivery.told_limits import Told

if TYPE_CHECKING:
    import random

MARK = "bridge_mark"
ASK_ANSWER = "v1/devices/me/attributes/response/"
LIMITS_ANSWER = "v1/devices/me/rpc/response/"
_MARK_TOPIC = "v1/devices/me/attributes"
_ASK_TOPIC = "v1/devices/me/attributes/request/"
_LIMITS_TOPIC = "v1/devices/me/rpc/request/"
_LIMITS_QUESTION = json.dumps({"method": "getSessionLimits", "params": {}}).encode()
_LIMITS_EVERY_S = 600.0
_NEVER_ANSWERS = 3  # times that the limits were asked for in vain: an old ThingsBoard


class Questions:
    """Times are one monotonic clock's seconds.

    Args:
        rng: the number that questions begin with, so that an answer to an earlier process's is not taken for ours.
        beside: a word of its own for a bridge that shares the session with another, which has a mark as well.
    """

    def __init__(self, rng: random.Random, beside: str = "") -> None:
        self._mark = f"{MARK}_{beside}" if beside else MARK
        self._limits_number = rng.randrange(ID_SPAN)
        self._limits_due_s = -math.inf
        self._limits_unanswered = 0
        self._shared_number = -1
        self._is_shared_due = True
        self._asked_s: dict[int, float] = {}

    def began(self) -> None:
        """A session began: its limits, which some never tell, are not known, nor what was set meanwhile."""
        if self._limits_unanswered < _NEVER_ANSWERS:
            self._limits_due_s = -math.inf
        self._is_shared_due = True

    def ended(self) -> None:
        """It ended: nothing that was asked in it will be answered."""
        self._asked_s.clear()

    def mark(self, value: int) -> Message:
        """The message that writes the mark."""
        return Message(_MARK_TOPIC, _json({self._mark: value}), devices={"": 1}, is_own=True)

    def ask_mark(self, number: int, now_s: float) -> Message:
        """The question for the mark, under ``number``."""
        self._asked_s[number] = now_s
        topic, answer = f"{_ASK_TOPIC}{number}", f"{ASK_ANSWER}{number}"
        return Message(topic, _json({"clientKeys": self._mark}), regular=1, is_own=True, answer=answer)

    def read_mark(self, number: str, payload: bytes, now_s: float) -> tuple[int, object, float | None] | None:
        """Read the answer to :meth:`ask_mark`.

        Args:
            number: the end of the topic that it came on.
            payload: what came.
            now_s: the time.

        Returns:
            the question's number, the mark as it is over there, and how long the answer took (None where nothing of
            this number was asked); None altogether for what is no answer.
        """
        try:
            answer = json.loads(payload)
            asked = int(number)
        except (ValueError, RecursionError):
            return None
        client = answer.get("client") if isinstance(answer, dict) else None
        value = client.get(self._mark) if isinstance(client, dict) else None
        asked_s = self._asked_s.pop(asked, None)
        return asked, value, None if asked_s is None else now_s - asked_s

    def are_limits_due(self, now_s: float) -> bool:
        """Whether ThingsBoard should be asked for its limits now."""
        return now_s >= self._limits_due_s

    def ask_limits(self, now_s: float) -> Message:
        """The question for the limits."""
        self._limits_due_s = now_s + _LIMITS_EVERY_S
        self._limits_number = (self._limits_number + 1) % ID_SPAN
        topic, answer = (f"{name}{self._limits_number}" for name in (_LIMITS_TOPIC, LIMITS_ANSWER))
        regular = int(self._limits_unanswered > 0)  # it costs nothing from 3.9 on, before it is not answered
        self._limits_unanswered += 1
        return Message(topic, _LIMITS_QUESTION, regular=regular, is_own=True, answer=answer)

    @property
    def is_shared_due(self) -> bool:
        """Whether the session's own shared attributes should be asked for now."""
        return self._is_shared_due

    def ask_shared(self) -> Message:
        """The question for a shared attribute of the session's own device."""
        self._is_shared_due = False
        self._shared_number = self._limits_number  # ThingsBoard answers none below zero
        topic, answer = (f"{name}{self._shared_number}" for name in (_ASK_TOPIC, ASK_ANSWER))
        return Message(topic, _json({"sharedKeys": KEY}), regular=1, is_own=True, answer=answer)

    def is_shared(self, number: str) -> bool:
        """Whether the answer under that number is to :meth:`ask_shared`."""
        return number == str(self._shared_number)

    @staticmethod
    def read_shared(payload: bytes) -> Any:
        """The attribute in the answer to :meth:`ask_shared`; None where ThingsBoard has none."""
        with suppress(ValueError, RecursionError):
            match json.loads(payload):
                case {"shared": dict(shared)}:
                    return shared.get(KEY)
        return None

    def read_limits(self, payload: bytes) -> Told | None:
        """Read the answer to :meth:`ask_limits`; None where it has no limits: an answer it is all the same."""
        self._limits_unanswered = 0
        with suppress(ValueError, RecursionError):
            return Told.read(json.loads(payload))
        return None


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
