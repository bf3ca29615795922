"""Introductions: which devices ThingsBoard has in this session. Pure.

A device that ThingsBoard cannot have (the tenant's maximum is reached, a name that it refuses) has its telemetry
acknowledged and dropped on MQTT 3.1.1, or the session closed, or is never acknowledged at all. So in every session a
device is *opened* (``connect``, with its type: otherwise ThingsBoard makes one of type ``default``) and *proven* (asked
for a shared attribute, which is wanted anyway, and answered) before any of its samples is sent. Rules:

* A device that was proven since this process began exists, with its type (``opening.py``).
* Few are being proven at a time: one at first and after a session that ended meanwhile, then twice as many.
* Those that were being proven when a session went silent, or when some sessions were closed, are proven one at a time:
  one of them may be the reason (``suspicion.py``).
* Not answered though a question asked after it was: the device is *parked*. Its samples stay on disk, the others go on,
  it is tried again later and later (``parked.py``).
* The session ended on one device alone some times: parked as well. It answered nothing more on one alone, though others
  had been proven in it: at once.
* An end that a rate limit explains is no device's fault, unless it is the reason again and again.
* If session after session answers questions of its own and nothing of a gateway, it is no fault of a device:
  *Is gateway* is not set (:attr:`no_gateway`). Then it is tried with another device, later and later.
* Who waited longest for its turn goes first (``waiting_devices.py``).
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from bridge.delivery.opening import CONNECT, OPEN_AND_ASK, Opener, Pending, cost
from bridge.delivery.parked import Parked, parked_again
from bridge.delivery.suspicion import Suspicion
from bridge.delivery.upstream import RefusalReason
from bridge.delivery.waiting_devices import WaitingDevices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.delivery.messages import Message

_WIDEST = 16
_FRUITLESS = 2
_PAUSE_CAP_S = 60.0
_ANSWER_S = 10.0
"""How long the answer of a device may take after a question behind it was answered: one that is new is made first."""


class Introductions:
    """Times are one monotonic clock's seconds.

    Args:
        device_type: the type, which is the name of a device profile in ThingsBoard, that new devices get.
        first_id: number of the first question; random, so that an answer to an earlier process's is not taken for ours.
        is_stepwise: whether a device is asked for only when its opening was accepted: where ThingsBoard says that it
            refuses it, the question would meet that refusal on its way and end the session (recorded).
    """

    def __init__(self, *, device_type: str, first_id: int, is_stepwise: bool = False) -> None:
        self._is_stepwise = is_stepwise
        self._opener = Opener(device_type=device_type, first_id=first_id, is_stepwise=is_stepwise)
        self._waiting = WaitingDevices()  # not proven in this session
        self._pending: dict[str, Pending] = {}
        self._proven: dict[str, None] = {}
        self._known: set[str] = set()
        self._suspicion = Suspicion()
        self._width = 1
        self._fruitless = 0  # sessions in a row that went silent before any device was proven
        self._not_before_s = -math.inf
        self._stuck: set[str] = set()  # never acknowledged in this session, nor will they be
        self.parked: dict[str, Parked] = {}
        """Devices that are not taken, by name."""

    @property
    def no_gateway(self) -> bool:
        """Whether sessions answer, and yet nothing of a gateway is answered."""
        return self._fruitless >= _FRUITLESS

    @property
    def has_proven(self) -> bool:
        """Whether any device was proven in this session: ThingsBoard listens to the gateway."""
        return bool(self._proven)

    def is_proven(self, device: str) -> bool:
        """Whether the device's samples may go."""
        return device in self._proven

    @property
    def proven(self) -> list[str]:
        """The devices that are open in this session."""
        return list(self._proven)

    @property
    def pending(self) -> int:
        """Devices that were asked for and have not answered."""
        return len(self._pending)

    @property
    def all_cost(self) -> int:
        """Regular messages until all that are known are introduced."""
        return OPEN_AND_ASK * len(self._known)

    def want(self, devices: Iterable[str], *, have_samples: bool = False) -> None:
        """These have something to be sent."""
        for device in devices:
            joins = device not in self._proven and device not in self._pending
            self._waiting.want(device, joins=joins, has_samples=have_samples)

    def began(self) -> None:
        """A session began: it knows nobody."""
        self._pending.clear()
        self._stuck.clear()

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
        self._suspicion.session_ended()
        if pending and silent and not self._proven:
            self._fruitless += 1
            self._not_before_s = now_s + min(2.0**self._fruitless, _PAUSE_CAP_S)
        elif len(pending) == 1:
            (device,) = pending
            if self._suspicion.ended_on(device, now_s, silent=silent, parked=self.parked.get(device)):
                why = "is not acknowledged" if silent else "ends the session"
                self._park(device, f"its introduction {why}: limit of devices reached? a name that it refuses?", now_s)
                parked.append(device)
        self._width = 1 if pending else self._width
        self._suspicion.doubt(pending, silent=silent)
        # Who was not served goes first, who was goes last; but for one that ThingsBoard has, to know that it listens.
        served = list(self._proven)
        self._proven.clear()
        self._waiting.session_ended([*pending, *served], first=served[-1] if served else None)
        return parked

    def excuse(self) -> None:
        """There was another reason for the last session's end."""
        self._suspicion.excuse(self.parked)

    def due(self, now_s: float) -> str | None:
        """The device that should be introduced next; None when none is, or enough are being proven."""
        if now_s < self._not_before_s:
            return None
        for device, pending in self._pending.items():
            if pending.number < 0 and (pending.is_open or not self._is_stepwise):
                return device  # it was opened, and is to be proven
        if len(self._pending) >= self._width or self._suspicion.is_any_suspect(self._pending):
            return None
        return self._waiting.next(lambda device: self._may_be_tried(device, now_s))

    def new_session_due_s(self) -> float | None:
        """When a device should be tried again that can only be in another session; None without one."""
        due = [self.parked[device].next_try_s for device in self._stuck if device in self.parked]
        return None if self._pending else min(due, default=None)

    def _may_be_tried(self, device: str, now_s: float) -> bool:
        if device in self._stuck or (self._suspicion.is_suspect(device) and self._pending):
            return False
        if device in self._known:
            return True
        if now_s < self._suspicion.spare_until_s and self._proven:
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
        return cost(self._pending.get(device), burst)

    def introduce(self, device: str, burst: float) -> list[Message]:
        """The next messages that open and prove the device; it is pending from now on."""
        pending = self._pending.get(device)
        if pending is not None:
            return [self._opener.prove(device, pending)]
        self._waiting.leave(device)
        pending = self._pending[device] = Pending()
        by_row = self._suspicion.did_end_last(device)
        return self._opener.open(device, pending, burst, is_known=device in self._known, by_row=by_row)

    def opens_by_row(self, device: str) -> bool:
        """Whether the next step with it is a telemetry message."""
        return device not in self._pending and self._suspicion.did_end_last(device)

    def answered(self, payload: bytes) -> str | None:
        """Take an answer; return the device that it proves, if it is one that was asked for."""
        try:
            answer = json.loads(payload)
            device, number = str(answer["device"]), answer["id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        pending = self._pending.get(device)
        if pending is None or pending.number != number:
            return None
        del self._pending[device]
        self._fruitless = 0
        self._proven[device] = None
        self._known.add(device)
        self._suspicion.forget_strikes(device)
        self._suspicion.clear(device)
        self.parked.pop(device, None)
        self._width = min(self._width * 2, _WIDEST)
        return device

    def accepted(self, messages: Iterable[Message], now_s: float) -> None:
        """ThingsBoard has taken these over: from now on their answers are due."""
        taken = {id(message) for message in messages}
        for pending in self._pending.values():
            pending.is_open |= pending.opening is not None and id(pending.opening) in taken
            if pending.last is not None and pending.passed_s == math.inf and id(pending.last) in taken:
                pending.passed_s = now_s

    def refused(self, message: Message, why: RefusalReason, now_s: float) -> str | None:
        """ThingsBoard said that it does not take this message: return the device that is parked by it, if one is.

        Refused for quota is a ``connect`` of a device that cannot be had; a question or a row may as well be past a
        limit, and the session's end follows.
        """
        for device, pending in self._pending.items():
            if why is RefusalReason.QUOTA and message is pending.last:
                pending.passed_s = now_s
                return None
            if why is RefusalReason.QUOTA and message is pending.opening and message.topic != CONNECT:
                pending.is_open = True  # the question shows it
                return None
            if message in (pending.opening, pending.last):
                return self._give_up(device, f"ThingsBoard refuses it ({why}): limit of devices reached?", now_s)
        return None

    def unanswered(self, message: Message, now_s: float) -> str | None:
        """This one is never acknowledged, others are: return the device that is parked by it, if it is about one."""
        for device, pending in self._pending.items():
            if message in (pending.opening, pending.last):
                why = "its introduction is not acknowledged: limit of devices reached? a name that it refuses?"
                self._stuck.add(device)
                return self._give_up(device, why, now_s)
        return None

    def _give_up(self, device: str, why: str, now_s: float) -> str:
        del self._pending[device]
        self._suspicion.clear(device)
        self._park(device, why, now_s)
        return device

    def overdue(self, now_s: float, round_trip_s: float) -> list[str]:
        """Park the devices whose answer did not come in time; return them."""
        patience_s = max(_ANSWER_S, 4 * round_trip_s)
        late = [device for device, pending in self._pending.items() if now_s - pending.passed_s >= patience_s]
        for device in late:
            del self._pending[device]
            self._suspicion.clear(device)
            self._park(device, "ThingsBoard acknowledges it and does not have it: limit of devices reached?", now_s)
        return late

    def next_s(self, now_s: float, round_trip_s: float) -> float | None:
        """When :meth:`due` or :meth:`overdue` will have something new by time alone; None for never."""
        times = [pending.passed_s + max(_ANSWER_S, 4 * round_trip_s) for pending in self._pending.values()]
        spare_until_s = self._suspicion.spare_until_s
        times += [spare_until_s] if spare_until_s > now_s and self._waiting else []
        times += [self._not_before_s] if self._not_before_s > now_s else []
        times += [parked.next_try_s for parked in self.parked.values() if parked.next_try_s > now_s]
        soonest = min(times, default=math.inf)
        return None if math.isinf(soonest) else soonest

    def forget(self, device: str) -> None:
        """ThingsBoard says that it has the device no more: it is introduced anew, with its type."""
        self._known.discard(device)
        if self._proven.pop(device, 0) is None:
            self.want([device])

    def drop(self, device: str) -> None:
        """Nobody goes by that name any more: it is never introduced again, unless somebody wants it."""
        self._waiting.drop(device)
        self._known.discard(device)
        self._proven.pop(device, None)
        self._pending.pop(device, None)
        self.parked.pop(device, None)
        self._suspicion.forget_strikes(device)
        self._suspicion.clear(device)

    def _park(self, device: str, reason: str, now_s: float) -> None:
        self.parked[device] = parked_again(self.parked.get(device), reason, now_s)
        self._suspicion.forget_strikes(device)
        self._known.discard(device)
        self.want([device])
