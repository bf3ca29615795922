"""Introductions: which devices ThingsBoard has in this session. Pure.

A device that ThingsBoard cannot have (the tenant's maximum is reached, a name that it refuses) has its telemetry
acknowledged and dropped on MQTT 3.1.1, or the session closed, or is never acknowledged at all. So in every session a
device is *opened* (``connect``, with its type: otherwise ThingsBoard makes one of type ``default``) and *proven* (asked
for an attribute, and answered) before any of its samples is sent. Rules:

* A device that was proven since this process began exists, with its type; later the question alone opens it.
* Few are being proven at a time: one at first and after a session that ended meanwhile, then twice as many.
* Those that were being proven when a session went silent, or when :data:`_STRIKES` sessions were closed, are proven
  one at a time: one of them may be the reason.
* Not answered though a question asked after it was: the device is *parked*. Its samples stay on disk, the others go on,
  it is tried again after :data:`_AGAIN_S`, then later and later. (A refusal is remembered over there for 4 min 40 s.)
* The session ended on one device alone :data:`_STRIKES` times: parked as well. It answered nothing more on one alone,
  though others had been proven in it: at once.
* A device that cost a session makes all others wait for their proof again: the next one that may is not tried at once.
* An end that a rate limit explains is no device's fault, unless it is the reason again and again.
* If session after session answers questions of its own and nothing of a gateway, it is no fault of a device:
  *Is gateway* is not set (:attr:`no_gateway`). Then it is tried with another device, later and later.
* Who waited longest for its turn goes first, over sessions too: with sessions of a few seconds everybody's turn comes.
  Who has nothing to be sent in this session has no turn in it.
"""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.delivery.messages import TELEMETRY, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONNECT = "v1/gateway/connect"
PROOF = "v1/gateway/attributes/request"
PROOF_ANSWER = "v1/gateway/attributes/response"
ID_SPAN = 1 << 31
"""ThingsBoard reads a question's number as a Java int."""

_WIDEST = 16
_STRIKES = 3
_FRUITLESS = 2
_PAUSE_CAP_S = 60.0
_ANSWER_S = 10.0
"""How long the answer of a device may take after a question behind it was answered: one that is new is made first."""
_AGAIN_S, _AGAIN_CAP_S = 30.0, 300.0
_SPARE_S = 30.0
"""After a device has cost a session, for the others' sake."""
_OPENING, _ASKING = 2, 1
"""Regular messages that ThingsBoard counts for opening a device, and for a question about an open one."""
_KEY = "bridge_version"  # any would do: the answer proves, not the value


@dataclass(frozen=True, slots=True)
class Parked:
    """A device that ThingsBoard does not take at present.

    Args:
        reason: the likely one, for people.
        since_s: monotonic seconds.
        next_try_s: monotonic seconds.
        tries: how often it was tried.
    """

    reason: str
    since_s: float
    next_try_s: float
    tries: int


@dataclass(slots=True)
class _Pending:
    number: int = -1  # of the question; -1 while the device is being opened
    last: Message | None = None
    passed_s: float = math.inf  # when something asked after it was answered


class Introductions:
    """Times are one monotonic clock's seconds.

    Args:
        device_type: the type, which is the name of a device profile in ThingsBoard, that new devices get.
        first_id: number of the first question; random, so that an answer to an earlier process's is not taken for ours.
    """

    def __init__(self, *, device_type: str, first_id: int) -> None:
        self._type = device_type
        self._id = first_id
        self._queue: deque[str] = deque()  # not proven in this session, the one that waited longest first
        self._queued: set[str] = set()
        self._wanted: set[str] = set()  # who has something to be sent in this session
        self._pending: dict[str, _Pending] = {}
        self._proven: dict[str, None] = {}
        self._known: set[str] = set()
        self._strikes: dict[str, int] = {}
        self._width = 1
        self._doubts: dict[str, int] = {}  # sessions that ended on it and others
        self._suspects: set[str] = set()  # each is tried with no other beside it
        self._fruitless = 0  # sessions in a row that went silent before any device was proven
        self._not_before_s = -math.inf
        self._blamed: tuple[str, Parked | None] | None = None  # who was pending alone when the last session ended
        self._excused: dict[str, int] = {}
        self._spare_s = -math.inf  # until then no device is tried that may cost the session
        self.parked: dict[str, Parked] = {}
        """Devices that are not taken, by name."""

    @property
    def no_gateway(self) -> bool:
        """Whether sessions answer, and yet nothing of a gateway is answered."""
        return self._fruitless >= _FRUITLESS

    def is_proven(self, device: str) -> bool:
        """Whether the device's samples may go."""
        return device in self._proven

    @property
    def pending(self) -> int:
        """Devices that were asked for and have not answered."""
        return len(self._pending)

    def want(self, devices: Iterable[str]) -> None:
        """These have something to be sent."""
        for device in devices:
            self._wanted.add(device)
            if device not in self._proven and device not in self._pending and device not in self._queued:
                self._queued.add(device)
                self._queue.append(device)

    def began(self) -> None:
        """A session began: it knows nobody."""
        self._pending.clear()

    def ended(self, now_s: float, *, silent: bool) -> list[str]:
        """It ended.

        Args:
            now_s: the time.
            silent: whether we ended it because nothing was answered any more.

        Returns:
            the devices that were parked by it.
        """
        pending, self._pending = list(self._pending), {}
        parked = []
        self._blamed = None
        if pending and silent and not self._proven:
            self._fruitless += 1
            self._not_before_s = now_s + min(2.0**self._fruitless, _PAUSE_CAP_S)
        elif len(pending) == 1:
            (device,) = pending
            self._strikes[device] = self._strikes.get(device, 0) + (_STRIKES if silent else 1)
            self._spare_s = now_s + _SPARE_S
            self._blamed = None if silent else (device, self.parked.get(device))
            if self._strikes[device] >= _STRIKES:
                why = "is not acknowledged" if silent else "ends the session"
                self._park(device, f"its introduction {why}: limit of devices reached? a name that it refuses?", now_s)
                parked.append(device)
        self._width = 1 if pending else self._width
        for device in pending:
            self._doubts[device] = self._doubts.get(device, 0) + (_STRIKES if silent else 1)
            if self._doubts[device] >= _STRIKES:
                self._suspects.add(device)
        # Who was not served goes first, who was goes last; but for one that ThingsBoard has, to know that it listens.
        served = list(self._proven)
        self._proven.clear()
        self._wanted.clear()
        self.want([*pending, *served])
        self._wanted = set(served[-1:])
        if served:
            self._queue.remove(served[-1])
            self._queue.appendleft(served[-1])
        return parked

    def excuse(self) -> None:
        """There was another reason for the last session's end."""
        if self._blamed is None:
            return
        device, parked = self._blamed
        if self._excused.get(device, 0) >= _STRIKES or (device in self.parked and self.parked[device] is not parked):
            return
        self._excused[device] = self._excused.get(device, 0) + 1
        self._strikes[device] = max(0, self._strikes.get(device, 0) - 1)
        self._spare_s = -math.inf

    def due(self, now_s: float) -> str | None:
        """The device that should be introduced next; None when none is, or enough are being proven."""
        if now_s < self._not_before_s:
            return None
        for device, pending in self._pending.items():
            if pending.number < 0:
                return device  # it was opened, and is to be proven
        if len(self._pending) >= self._width or not self._suspects.isdisjoint(self._pending):
            return None
        for _ in range(len(self._queue)):
            device = self._queue[0]
            if device in self._wanted and self._may_be_tried(device, now_s):
                return device
            self._queue.rotate(-1)
        return None

    def _may_be_tried(self, device: str, now_s: float) -> bool:
        if device in self._suspects and self._pending:
            return False
        if device in self._known:
            return True
        if now_s < self._spare_s and self._proven:
            return False
        parked = self.parked.get(device)
        return parked is None or (now_s >= parked.next_try_s and not self._pending)

    def is_busy(self, now_s: float) -> bool:
        """Whether a device is being introduced, or one will be at once."""
        return bool(self._pending) or self.due(now_s) is not None

    def cost(self, device: str, burst: float) -> int:
        """Regular messages that ThingsBoard counts for the next step with it.

        Args:
            device: as :meth:`due` gave it.
            burst: how many may ever go at once.
        """
        if device in self._pending:
            return _ASKING
        return _OPENING + _ASKING if burst >= _OPENING + _ASKING else _OPENING

    def introduce(self, device: str, burst: float) -> list[Message]:
        """The next messages that open and prove the device; it is pending from now on."""
        pending = self._pending.get(device)
        if pending is not None:
            return [self._proof(device, pending, _ASKING)]
        self._queue.remove(device)
        self._queued.discard(device)
        pending = self._pending[device] = _Pending()
        if burst < _OPENING + _ASKING:
            return [self._opening(device)]
        if device in self._known:
            return [self._proof(device, pending, _OPENING + _ASKING)]
        return [self._opening(device), self._proof(device, pending, _ASKING)]

    def _proof(self, device: str, pending: _Pending, cost: int) -> Message:
        self._id = (self._id + 1) % ID_SPAN
        question = {"id": self._id, "device": device, "client": True, "key": _KEY}
        pending.number = self._id
        pending.last = Message(PROOF, _json(question), regular=cost, answer=f"{PROOF_ANSWER}/{self._id}")
        return pending.last

    def opens_by_row(self, device: str) -> bool:
        """Whether the next step with it is a telemetry message."""
        return device not in self._pending and bool(self._strikes.get(device, 0) % 2)

    def _opening(self, device: str) -> Message:
        if self._strikes.get(device, 0) % 2:
            # The last connect ended the session. A row without values opens a device too, and passes where a tight
            # limit of regular messages lets no connect pass (recorded on 3.6 to 4.3).
            row = _json({device: [{"ts": 1, "values": {}}]})
            return Message(TELEMETRY, row, devices={device: 0}, regular=_OPENING)
        return Message(CONNECT, _json({"device": device, "type": self._type}), regular=_OPENING)

    def answered(self, payload: bytes) -> str | None:
        """Take an answer; return the device that it proves, if it is one that was asked for."""
        try:
            answer = json.loads(payload)
            device, number = str(answer["device"]), answer["id"]
        except (ValueError, TypeError, KeyError):
            return None
        pending = self._pending.get(device)
        if pending is None or pending.number != number:
            return None
        del self._pending[device]
        self._fruitless = 0
        self._proven[device] = None
        self._known.add(device)
        self._strikes.pop(device, None)
        self._clear(device)
        self.parked.pop(device, None)
        self._width = min(self._width * 2, _WIDEST)
        return device

    def accepted(self, messages: Iterable[Message], now_s: float) -> None:
        """ThingsBoard has taken these over: from now on their answers are due."""
        taken = {id(message) for message in messages}
        for pending in self._pending.values():
            if pending.last is not None and pending.passed_s == math.inf and id(pending.last) in taken:
                pending.passed_s = now_s

    def overdue(self, now_s: float, round_trip_s: float) -> list[str]:
        """Park the devices whose answer did not come in time; return them."""
        patience_s = max(_ANSWER_S, 4 * round_trip_s)
        late = [device for device, pending in self._pending.items() if now_s - pending.passed_s >= patience_s]
        for device in late:
            del self._pending[device]
            self._clear(device)
            self._park(device, "ThingsBoard acknowledges it and does not have it: limit of devices reached?", now_s)
        return late

    def next_s(self, now_s: float, round_trip_s: float) -> float | None:
        """When :meth:`due` or :meth:`overdue` will have something new by time alone; None for never."""
        times = [pending.passed_s + max(_ANSWER_S, 4 * round_trip_s) for pending in self._pending.values()]
        times += [self._spare_s] if self._spare_s > now_s and self._queue else []
        times += [self._not_before_s] if self._not_before_s > now_s else []
        times += [parked.next_try_s for parked in self.parked.values() if parked.next_try_s > now_s]
        soonest = min(times, default=math.inf)
        return None if math.isinf(soonest) else soonest

    def forget(self, device: str) -> None:
        """ThingsBoard says that it has the device no more: it is introduced anew, with its type."""
        self._known.discard(device)
        if self._proven.pop(device, 0) is None:
            self.want([device])

    def _clear(self, device: str) -> None:
        self._suspects.discard(device)
        self._doubts.pop(device, None)

    def _park(self, device: str, reason: str, now_s: float) -> None:
        before = self.parked.get(device)
        tries = 1 if before is None else before.tries + 1
        wait_s = min(_AGAIN_S * 2 ** min(tries - 1, 8), _AGAIN_CAP_S)
        since_s = now_s if before is None else before.since_s
        self.parked[device] = Parked(reason, since_s, now_s + wait_s, tries)
        self._strikes.pop(device, None)
        self._known.discard(device)
        self.want([device])


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
