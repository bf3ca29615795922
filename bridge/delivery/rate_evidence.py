"""Rate evidence: what sessions and their ends say about one limit that nobody tells. Pure.

Of what was sent the demand on the limit is known (``demand.py``). Rules:

* What was accepted :data:`_OUTLIVED_S` ago is *safe*: its demand passes.
* What was on the way, or just accepted, when the session was closed is *suspect*: the close comes after the
  acknowledgement.
* One end is no proof. That several ended on about the same demand, within :data:`_NOTED_FOR_S` and with no more than
  that having passed meanwhile, is.

What follows from it is ``learnt_rate.py``'s to say.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from bridge.delivery.demand import Demands

_OUTLIVED_S = 0.5
_NOTED_FOR_S = 300.0
_SAME = 1.6  # demands within this factor are one
_DOUBT_OF_ALL = 0.5
SOON, _LATE = 0.8, 1.3
"""Of a round trip: what lies at least, and at most, between two messages that wait for each other."""


def are_about_one(demand: float, other: float) -> bool:
    """Whether two demands may be of one limit."""
    return demand / _SAME <= other <= demand * _SAME


class _Sent(NamedTuple):
    """A message: how much it is, and what it demands, if those before it arrived as soon, and as late, as can be."""

    amount: float
    demand: float
    least: float


class RateEvidence:
    """See the module's rules. Times are one monotonic clock's seconds.

    Args:
        period_s: in which the limit's bucket refills.
        safe: the demand that is known to pass from before.
    """

    def __init__(self, period_s: float, *, safe: float) -> None:
        self._period_s = period_s
        self._demands = Demands(period_s)
        self._flying: deque[_Sent] = deque()
        self._taken: deque[tuple[float, _Sent]] = deque()  # when it was accepted
        self._noted: deque[tuple[float, float]] = deque()  # when a session ended on which demand, not acted on yet
        self.safe = safe
        """The highest demand that is known to pass."""

    @property
    def suspect(self) -> float:
        """The highest demand that the session may end of, if it ends now."""
        return max((*(sent.demand for sent in self._flying), *(sent.demand for _, sent in self._taken)), default=0.0)

    def sent(self, amount: float, arrives_s: float, round_trip_s: float) -> None:
        """So much is on the way, and arrives then at the soonest."""
        demand, trips = self._demands.add(amount, arrives_s), round_trip_s / self._period_s
        self._flying.append(_Sent(amount, demand.most, demand.least * (1 + SOON * trips) / (1 + _LATE * trips)))

    def spent(self, least: float, now_s: float) -> None:
        """ThingsBoard has taken at least so much by itself."""
        self._demands.add(least, now_s)

    def accepted(self, now_s: float) -> float:
        """What was on the way longest was taken; return its demand."""
        if not self._flying:
            return 0.0
        sent = self._flying.popleft()
        self._taken.append((now_s, sent))
        while self._taken and self._taken[0][0] <= now_s - _OUTLIVED_S:
            self.safe = max(self.safe, self._taken.popleft()[1].least)
        return sent.demand

    def session_ended(self) -> float:
        """Nothing is on the way any more; return how much was."""
        left = sum(sent.amount for sent in self._flying)
        self._demands.lost(left)
        self._flying.clear()
        self._taken.clear()
        return left

    def is_proven(self, suspect: float, now_s: float, proof: int) -> bool:
        """Whether enough sessions have ended on about this demand; what passed meanwhile was none of the reasons."""
        self._noted = deque(
            (noted_s, demand)
            for noted_s, demand in self._noted
            if now_s - noted_s <= _NOTED_FOR_S and self.safe < demand and are_about_one(demand, suspect)
        )
        self._noted.append((now_s, suspect))
        return len(self._noted) >= proof

    def doubt(self) -> None:
        """The limit was found to be none, or another one: what was noted counts no more, what is safe half."""
        self._noted.clear()
        self.safe *= _DOUBT_OF_ALL
