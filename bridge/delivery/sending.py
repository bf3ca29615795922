"""Sending: the one door that messages leave by, so that whoever counts them has counted them.

What is on the way counts for the line, what was sent for the limits and for how long a device was silent, what must
be known to be stored for the confirmation. What goes, and when, is not decided here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.delivery.caution import Caution
from bridge.delivery.keep_open import KeepOpen
from bridge.delivery.on_the_way import OnTheWay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.confirmation.protocol import Confirmation
    from bridge.delivery.messages import Message
    from bridge.delivery.rate_limits import RateLimits
    from bridge.delivery.upstream import Upstream

OWING_S = 1.0
"""How long what is on the way waits for a question behind it while more may come."""
ROUND_TRIPS = 8
"""What is done now and then on a long line is done once in so many round trips."""


class Sending:
    """Times are one monotonic clock's seconds."""

    def __init__(self, upstream: Upstream, confirmation: Confirmation, limits: RateLimits) -> None:
        self._upstream = upstream
        self._confirmation = confirmation
        self._limits = limits
        self._is_pipelined = upstream.acknowledges
        self._asked_s = -math.inf  # when the last question was sent
        self.way = OnTheWay(is_pipelined=self._is_pipelined)
        self.caution = Caution()
        self.kept_open = KeepOpen()

    @property
    def round_trip_s(self) -> float:
        """The line's."""
        return self.way.line.round_trip_s

    @property
    def each_costs_s(self) -> float:
        """What each message costs of the line's time beside its bytes: a round trip where one waits for the other."""
        return 0.0 if self._is_pipelined else self.round_trip_s

    @property
    def has_room(self) -> bool:
        """Whether anything more may go now, as far as the line and the upstream are concerned."""
        is_alone = any(message.is_alone for message in self.way.messages)
        waits = self._is_pipelined and bool(self.way.messages) and self._limits.is_any_known
        return not (self.way.is_full or self._upstream.room <= 0 or is_alone or waits)

    @property
    def may_doubt_more(self) -> bool:
        """Whether anything may go that must be known to be stored."""
        return self.caution.has_room(self._confirmation.in_doubt)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on the way, or accepted and not known to be stored: what ends the session costs nobody."""
        return not self.way.messages and self._confirmation.is_settled

    def hand(self, message: Message, now_s: float) -> None:
        """Send what must be known to be stored."""
        self._confirmation.handed(message, now_s)
        self.give(message, now_s)

    def give(self, message: Message, now_s: float) -> None:
        """Send what need not."""
        self.way.sent(message, now_s)
        self.kept_open.sent(message.devices, now_s)
        self._limits.sent(message, now_s, round_trip_s=self.each_costs_s)
        self._set_patience()
        self._asked_s = now_s if message.answer else self._asked_s
        self._upstream.send(message)

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard has taken these over."""
        self.way.accepted(messages, now_s)
        self._limits.accepted(messages, now_s)

    def refused(self, message: Message, now_s: float) -> None:
        """ThingsBoard has not taken this one, and counted it: if it was past a limit the session ends at once."""
        self.accepted([message], now_s)

    def gave_up(self, message: Message, now_s: float) -> None:
        """Nobody waits for this one any more."""
        self.way.gave_up(message)
        self._limits.accepted([message], now_s)

    def settle(self, messages: Sequence[Message], now_s: float) -> None:
        """As above, for the confirmation: last, when all others know."""
        self._confirmation.accepted(messages, now_s)
        self._set_patience()

    def owes(self, now_s: float, *, introducing: int) -> bool:
        """Whether a question should be asked behind what is on the way.

        Args:
            now_s: the time.
            introducing: devices that are being proven: they wait for it.
        """
        first_s = self.way.first_sent_s
        if first_s is None or now_s < self._question_due_s():
            return False
        if self._is_pipelined:  # acknowledgements come by themselves: the question finds out whether anybody is there
            return now_s - first_s >= self._late_s
        return self.way.is_full or not self.may_doubt_more or introducing > 0 or now_s - first_s >= OWING_S

    def owes_long(self, now_s: float) -> bool:
        """Whether it should be asked before more is sent: under a tight limit samples would take each turn there is."""
        first_s = self.way.first_sent_s
        return first_s is not None and now_s - first_s >= self._late_s and now_s >= self._question_due_s()

    def passed_over(self, now_s: float) -> list[Message]:
        """What has waited for longer than the line may need, and what was sent behind it did not."""
        patience_s = self.way.line.patience_s(self.way.bytes, len(self.way.messages))
        return self.way.passed_over(now_s - patience_s) if self._is_pipelined else []

    def owing_s(self, now_s: float) -> list[float]:
        """When :meth:`owes` may change by time alone."""
        first_s = self.way.first_sent_s
        if first_s is None:
            return []
        wait_s = self._late_s if self._is_pipelined else OWING_S
        return [due_s for due_s in (first_s + wait_s, self._question_due_s()) if due_s > now_s]

    @property
    def _late_s(self) -> float:
        return 2 * OWING_S + ROUND_TRIPS * self.round_trip_s

    def _question_due_s(self) -> float:
        """When another question is worth its round trip: the last one on the way may be answered any moment."""
        if self._is_pipelined:
            return self._asked_s + self._late_s
        last_s = self.way.last_question_s
        return -math.inf if last_s is None else last_s + max(OWING_S, 3 * self.round_trip_s)

    def _set_patience(self) -> None:
        self._confirmation.patience_s = self.way.line.patience_s(self.way.bytes, len(self.way.messages))
