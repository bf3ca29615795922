"""Learnt rate: how much passes where ThingsBoard does not tell its limit (the tenant's is never told).

Nothing but a session that is closed says that a limit was passed, not which one, and sessions end for other reasons
too. A limit is taken for a bucket of a second or of a minute; what was sent makes a *demand* on it: the smallest rate
at which such a bucket would have let it all through. Rules:

* What was accepted :data:`_OUTLIVED_S` ago is *safe*: its demand passes. What was on the way, or just accepted, when
  the session was closed is *suspect*: the close comes after the acknowledgement.
* Of all limits the one is blamed whose suspect demand is highest against what is safe (``strain``). Its *ceiling* is
  then the suspect demand; the rate falls between that and what is safe, and rises again to :data:`_SHARE` of the
  ceiling. So an innocent limit never falls below what has passed, and the guilty one is found as by bisection.
* What is safe is doubted a little with each such close, blamed or not: limits are edited. A limit that is at its floor
  is not blamed, others are. One that was little strained is less sure from then on: something else closes sessions.
* At first the rate doubles each time that it was used and what it let through was accepted. A minute's limit is none
  until it is blamed.
* A ceiling that was hit once is passed again after a while: it may have been the line. One that was hit again and again
  is tried more and more seldom, up to an hour. So a limit costs a session an hour, and one that is gone is noticed.
* A session that lasted :data:`LASTED_S` at its rate, with no more demand than was safe, was not ended by a limit.
* Below its floor the rate falls only if session after session nothing is stored: a server that closes at every fifth
  message does so at any rate.
"""

from __future__ import annotations

import math
from collections import deque

from bridge.delivery.bucket import Bucket

FIRST_PER_S = 16.0
FLOOR_PER_S, MINUTE_FLOOR_PER_S = 0.8, 0.4
LEAST_PER_S = 1 / 60
UNLIMITED_PER_S = 100_000.0
"""Above this the rate is no limit: no meter fleet behind one session reaches it."""
LASTED_S = 60.0
_SHARE = 0.92
_GROWTH, _GROW_EVERY_S = 1.3, 5.0
_AGAIN, _AGAIN_AFTER_S, _AGAIN_AFTER_CAP_S = 1.1, 30.0, 3600.0
_USED = 0.5  # of the rate: less says nothing about more
_DOUBT, _DOUBT_OF_OTHERS = 0.9, 0.8
_LEAST_SAFE = 0.5  # a message of each kind passes
_OUTLIVED_S = 0.5
_LEFT_S = 5.0
_INNOCENT = 0.8  # a strain below it did not close the session
_HISTORY, _GRAIN = 4, 1 / 32  # periods that are looked back, and what is one moment
_MINUTE = 0.95  # how likely a limit of a minute is, against one of a second that is as strained
_ABOUT = 1.01
_RAISES = 2  # so many times a ceiling is passed before it is less sure
_SAME = 1.6  # ceilings within this factor are one
_BARREN = 3


class LearntRate:
    """One kind of what ThingsBoard counts: telemetry messages, data points, or regular messages.

    Args:
        per_s: what is known from before; None to begin anew.
        scale: units that make up one "thing": points come in dozens where messages come singly.
        period_s: in which the limit's bucket refills.
        now_s: the time.
    """

    def __init__(
        self, per_s: float | None = None, *, scale: float = 1.0, period_s: float = 1.0, now_s: float = 0.0
    ) -> None:
        self._scale = scale
        self._period_s = period_s
        first = FIRST_PER_S if period_s <= 1 else UNLIMITED_PER_S
        self._ceiling = math.inf if per_s is None else per_s / _SHARE
        self._hit_at = self._ceiling  # the demand that was blamed the last time
        self._hits = 0 if per_s is None else 2
        self._rate = first * scale if per_s is None else per_s
        self._bucket = Bucket(self._burst, self._rate, level=self._burst, now_s=now_s)
        self._peak = 0.0  # the highest demand that passed since the rate was last changed
        self._raises = 0
        self._changed_s = now_s
        self._barren = 0
        self._history: deque[list[float]] = deque()  # when it arrived, how much
        self._flying: deque[tuple[float, float]] = deque()  # the demand of each message on the way, and how much it is
        self._taken: deque[tuple[float, float]] = deque()  # when it was accepted, its demand
        self._safe = 0.0 if per_s is None else per_s

    @property
    def per_s(self) -> float:
        """What is let through in the long run."""
        return math.inf if self.is_open else self._rate

    @property
    def known_per_s(self) -> float | None:
        """What is worth remembering; None while no limit is known."""
        return self._rate if self._hits > 1 else None

    @property
    def is_open(self) -> bool:
        """Whether no limit was met, up to more than there can be."""
        return self._rate >= UNLIMITED_PER_S * self._scale

    @property
    def amount(self) -> float:
        """What may be sent at once at most."""
        return self._bucket.amount

    def available(self, now_s: float) -> float:
        """What may be sent now."""
        return math.inf if self.is_open else self._bucket.available(now_s)

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until so much may be sent."""
        return 0.0 if self.is_open else self._bucket.wait_s(amount, now_s)

    def sent(self, amount: float, now_s: float, *, arrives_s: float | None = None) -> None:
        """So much is on the way, and arrives then, about."""
        if amount:
            arrives_s = now_s if arrives_s is None else arrives_s  # what waits in the relay arrives all at once
            self._bucket.spend(amount, arrives_s)
            self._flying.append((self._demand(amount, arrives_s), amount))

    def spent(self, amount: float, now_s: float) -> None:
        """ThingsBoard has taken so much by itself."""
        self._bucket.spend(amount, now_s)
        self._demand(amount, now_s)

    def accepted(self, amount: float, now_s: float) -> None:
        """So much was taken."""
        if not amount:
            return
        if self._flying:
            taken, _ = self._flying.popleft()
            self._taken.append((now_s, taken))
            self._peak = max(self._peak, taken)
            self._outlive(now_s)
        if self._peak < self._rate * _USED or self.is_open:
            return
        if math.isinf(self._ceiling):
            self._set(self._rate * 2, now_s)
        elif self._rate < self._ceiling * _SHARE:
            if now_s - self._changed_s >= self._grow_every_s:
                self._set(min(self._rate * _GROWTH, self._ceiling * _SHARE), now_s)
        elif now_s - self._changed_s >= self._again_after_s:
            self._raises += 1
            self._hits = max(1, self._hits - 1) if self._raises > _RAISES else self._hits
            self._ceiling *= _GROWTH * _GROWTH if self._hits <= 1 else _AGAIN
            self._set(self._ceiling * _SHARE, now_s)

    @property
    def strain(self) -> float:
        """How much what is on the way demands, against what is safe; 0 where it is nothing, or can be no less."""
        if self._rate <= self._floor * _ABOUT and self._barren:
            return 0.0
        likely = 1.0 if self._period_s <= 1 else _MINUTE
        return likely * self._suspect / max(self._safe, _LEAST_SAFE * self._scale)

    @property
    def _suspect(self) -> float:
        return max((*(demand for demand, _ in self._flying), *(demand for _, demand in self._taken)), default=0.0)

    def _outlive(self, now_s: float) -> None:
        while self._taken and self._taken[0][0] <= now_s - _OUTLIVED_S:
            self._safe = max(self._safe, self._taken.popleft()[1])

    def ends(self, now_s: float) -> None:
        """The session ends now: what it has outlived is safe."""
        self._outlive(now_s)

    def session_ended(
        self, now_s: float, lasted_s: float, *, blamed: bool, was_fruitful: bool, was_closed: bool = True
    ) -> None:
        """A session ended, and what came after it is known.

        Args:
            now_s: the time.
            lasted_s: how long it was.
            was_closed: whether the next session came at once.
            blamed: whether this is the likeliest limit to have closed it.
            was_fruitful: whether anything was stored in it.
        """
        strain, suspect = self.strain, self._suspect
        left = sum(amount for _, amount in self._flying)
        self._flying.clear()
        self._taken.clear()
        if self._period_s <= 1 or blamed:
            self._bucket.drain(now_s)
        if was_closed:
            self._bucket.spend(min(left, _LEFT_S * self._rate), now_s)  # the relay sends it again, at once
        if was_fruitful:
            self._barren = 0
        self._barren += blamed
        if not blamed or not suspect:
            if was_closed and suspect > 0 and strain < _INNOCENT:
                self._hits = max(1, self._hits - 1) if self._hits else 0
            self._safe = (
                max(min(self._safe, suspect), self._safe * _DOUBT_OF_OTHERS) if suspect and was_closed else self._safe
            )
            return
        if strain <= 1 and min(lasted_s, now_s - self._changed_s) > LASTED_S:
            return
        self._safe = min(max(self._safe, _LEAST_SAFE * self._scale), suspect * _DOUBT)
        is_same = self._hit_at / _SAME <= suspect <= self._hit_at * _SAME
        self._hit_at = suspect
        self._hits = self._hits + 1 if is_same else 1
        self._raises = 0
        self._ceiling = max(min(self._ceiling, suspect) if is_same else suspect, self._floor / _SHARE)
        self._set(max(self._floor, math.sqrt(self._safe * self._ceiling) * _SHARE), now_s)

    @property
    def _floor(self) -> float:
        floor = FLOOR_PER_S if self._period_s <= 1 else MINUTE_FLOOR_PER_S
        return (floor if self._barren < _BARREN else LEAST_PER_S) * self._scale

    def _demand(self, amount: float, arrives_s: float) -> float:
        """What all up to this one demands of the bucket."""
        history = self._history
        if history and arrives_s - history[-1][0] < self._period_s * _GRAIN:
            history[-1][1] += amount
        else:
            history.append([arrives_s, amount])
        while history[0][0] < arrives_s - _HISTORY * self._period_s:
            history.popleft()
        most = total = 0.0
        for since_s, count in reversed(history):
            total += count
            most = max(most, total / (self._period_s + arrives_s - since_s))
        return most

    @property
    def _grow_every_s(self) -> float:
        return _GROW_EVERY_S if self._hits <= 1 else max(_GROW_EVERY_S, self._period_s / 4)

    @property
    def _again_after_s(self) -> float:
        if self._hits <= 1:
            return _GROW_EVERY_S
        return min(max(_AGAIN_AFTER_S, 5 * self._period_s) * 2.0 ** min(self._hits - 2, 12), _AGAIN_AFTER_CAP_S)

    @property
    def _burst(self) -> float:
        return max(self._scale, self._rate * self._period_s)

    def _set(self, rate: float, now_s: float) -> None:
        self._rate = rate
        self._changed_s = now_s
        self._peak = 0.0
        self._bucket.resize(self._burst, rate, now_s)
