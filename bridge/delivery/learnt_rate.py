"""Learnt rate: how much passes where ThingsBoard does not tell its limit (the tenant's is never told).

Nothing but a session that is closed says that a limit was passed, not which one, and sessions end for other reasons
too. A limit is taken for a bucket of a second or of a minute; what was sent makes a *demand* on it: the smallest rate
at which such a bucket would have let it all through. What is *safe* of it, and what *suspect*, is ``rate_evidence.py``.
Rules:

* Of all limits those are blamed whose suspect demand is highest against what is safe (``strain``); of a limit that is
  not known of yet, only if that is more than ever passed. Once is no evidence: somebody may have pulled a plug. When
  the next session ends on the same demand, that is the *ceiling*; the rate falls between it and what is safe, and rises
  again to a share of it. So an innocent limit never falls below what has passed, and the guilty one is found as
  by bisection.
* Sessions that end on less than has passed before show that what was learnt is not the reason, or that the limits were
  edited: it begins anew (:meth:`LearntRate.forget`), what is safe is doubted, and more sessions have to end on the same
  demand before it is taken for a limit again.
* A limit that is at its floor is not blamed, others are; one that is blamed in vain, less and less: a single message
  may demand more than the rate.
* At first the rate doubles each time that it was used and what it let through was accepted. A minute's limit is none
  until it is blamed.
* A ceiling that was hit once is passed again after a while: it may have been the line. One that was hit again and again
  is tried more and more seldom, up to an hour, and the later the longer it takes to introduce all devices again. So a
  limit costs a session an hour, and one that is gone is noticed.
* A session that lasted :data:`LASTED_S` at its rate, with no more demand than was safe, was not ended by a limit.
* Below its floor the rate falls only if session after session nothing is stored: a server that closes at every fifth
  message does so at any rate.
"""

from __future__ import annotations

import math

from bridge.delivery.bucket import Bucket
from bridge.delivery.rate_evidence import RateEvidence, are_about_one

FIRST_PER_S = 4.0
FLOOR_PER_S, MINUTE_FLOOR_PER_S = 0.8, 0.4
LEAST_PER_S = 1 / 60
UNLIMITED_PER_S = 100_000.0
"""Above this the rate is no limit: no meter fleet behind one session reaches it."""
LASTED_S = 60.0
_SHARE, _FIRST_SHARE, _SURE_HITS = 0.88, 0.78, 3
"""Of the ceiling, and before that has been hit so often: what was on the way says more than the limit is."""
_SHARE_OF_SAFE = 0.96
_AGAIN_AFTER_RESTARTS = 20
_GROWTH, _GROW_EVERY_S = 1.3, 3.0
_AGAIN, _AGAIN_AFTER_S, _AGAIN_AFTER_CAP_S = 1.1, 120.0, 3600.0
_USED = 0.5  # of the rate: less says nothing about more
_DOUBT = 0.9
_LEAST_SAFE, _LEAST_SAFE_OF_A_MINUTE = 1.0, 0.5  # one passes a limit of a second, however small
_LEFT_S = 5.0
_MINUTE = 0.85  # how likely a limit of a minute is, against one of a second that is as strained
_ABOUT, _ABOUT_THE_SAME = 1.01, 1.1
_IN_VAIN, _UNLIKELY = 1, 0.8  # for each time that it was blamed and could not be lowered
_RAISES = 2  # so many times a ceiling is passed before it is less sure
_BARREN = 3
_NEW, _KNOWN = 1.0, 0.95
"""The least strain that a session may have ended of: by a limit that nothing was known of, by one that was."""
_EXACTLY = 0.93
"""The share of it where each message has an acknowledgement of its own: all that passed is known to be safe at once, so
that what did not demands hardly more."""


class LearntRate:
    """One kind of what ThingsBoard counts: telemetry messages, data points, or regular messages.

    Args:
        per_s: what is known from before; None to begin anew.
        scale: units that make up one "thing": points come in dozens where messages come singly.
        first_per_s: what is begun with, of a second's limit.
        period_s: in which the limit's bucket refills.
        now_s: the time.
        is_exact: whether each message has an acknowledgement of its own.
    """

    def __init__(
        self,
        per_s: float | None = None,
        *,
        scale: float = 1.0,
        first_per_s: float = FIRST_PER_S,
        period_s: float = 1.0,
        now_s: float = 0.0,
        is_exact: bool = False,
    ) -> None:
        self._least = _EXACTLY if is_exact else 1.0
        self._scale = scale
        self._period_s = period_s
        self._first = first_per_s if period_s <= 1 else UNLIMITED_PER_S * scale
        self._ceiling = math.inf if per_s is None else per_s / _SHARE_OF_SAFE
        self._hit_at = self._ceiling  # the demand that was blamed the last time
        self._hits = 0 if per_s is None else 2
        self._rate = self._first if per_s is None else per_s
        self._bucket = Bucket(self._burst, self._rate, level=self._burst, now_s=now_s)
        self._peak = 0.0  # the highest demand that passed since the rate was last changed
        self._raises = 0
        self._changed_s = now_s
        self._barren = 0
        self.restart_s = 0.0
        """What a session that ends costs: until all devices are introduced again."""
        self._lowered_to = math.inf  # when it was blamed the last time
        self._in_vain = 0  # times in a row that it was blamed and could not be lowered
        self._evidence = RateEvidence(period_s, safe=0.0 if per_s is None else per_s)

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

    def sent(self, amount: float, now_s: float, *, arrives_s: float | None = None, round_trip_s: float = 0.0) -> None:
        """So much is on the way, and arrives then at the soonest; on a long line perhaps quite some later."""
        if amount:
            arrives_s = now_s if arrives_s is None else arrives_s  # what waits in the relay arrives all at once
            self._bucket.spend(amount, arrives_s)
            self._evidence.sent(amount, arrives_s, round_trip_s)

    def spent(self, amount: float, now_s: float, *, least: float) -> None:
        """ThingsBoard has taken so much by itself, at most, and at least so much."""
        self._bucket.spend(amount, now_s)
        self._evidence.spent(least, now_s)

    def accepted(self, amount: float, now_s: float) -> None:
        """So much was taken."""
        if not amount:
            return
        self._peak = max(self._peak, self._evidence.accepted(now_s))
        if self._peak < self._rate * _USED or self.is_open:
            return
        if math.isinf(self._ceiling):
            self._set(self._rate * 2, now_s)
        elif self._rate < self._most / _ABOUT:
            if now_s - self._changed_s >= self._grow_every_s:
                grown = self._rate * max(_GROWTH, math.sqrt(self._most / self._rate))
                self._set(min(grown, self._most), now_s)
        elif now_s - self._changed_s >= self._again_after_s:
            self._raises += 1
            self._hits = max(1, self._hits - 1) if self._raises > _RAISES else self._hits
            self._ceiling *= _GROWTH * _GROWTH if self._hits <= 1 else _AGAIN
            self._set(self._most, now_s)

    @property
    def strain(self) -> float:
        """How much what is on the way demands, against what is safe; 0 where it is nothing, or can be no less."""
        if self._rate <= self._floor * _ABOUT and self._barren:
            return 0.0
        likely = _UNLIKELY ** max(0, self._in_vain - 1)
        return likely * self._evidence.suspect / max(self._evidence.safe, self._least_safe)

    @property
    def likelihood(self) -> float:
        """How likely it is the reason, against others: the strain; of a minute's limit less."""
        return self.strain * (1.0 if self._period_s <= 1 else _MINUTE)

    @property
    def may_be_guilty(self) -> bool:
        """Whether this limit explains that the session ended."""
        return self.strain >= self._least * _KNOWN if self.is_known else self.strain > self._least * _NEW

    @property
    def is_of_a_minute(self) -> bool:
        """Whether its bucket refills in a minute."""
        return self._period_s > 1

    @property
    def is_blamed_in_vain(self) -> bool:
        """Whether it was blamed again and again, and could not be lowered."""
        return self._in_vain > _IN_VAIN

    @property
    def is_known(self) -> bool:
        """Whether a limit was met."""
        return not math.isinf(self._ceiling)

    def excuse(self, now_s: float) -> None:
        """What it was blamed for was another's: the ceiling is looked for a step higher."""
        if self.is_known:
            self._ceiling *= _GROWTH * _GROWTH
            self._set(self._most, now_s)

    def forget(self, now_s: float) -> None:
        """What was learnt is not what ends sessions: as at first, but for what passed."""
        self._ceiling = self._hit_at = self._lowered_to = math.inf
        self._hits = self._raises = self._barren = self._in_vain = 0
        self._set(max(self._first, self._evidence.safe), now_s)
        self._evidence.doubt()

    def session_ended(
        self,
        now_s: float,
        lasted_s: float,
        *,
        blamed: bool,
        was_fruitful: bool,
        was_closed: bool = True,
        proof: int = 1,
        is_likeliest: bool = True,
    ) -> None:
        """A session ended, and what came after it is known.

        Args:
            now_s: the time.
            lasted_s: how long it was.
            was_closed: whether the next session came at once.
            blamed: whether this is the likeliest limit to have closed it.
            was_fruitful: whether anything was stored in it.
            proof: how many sessions must have ended on the same demand before it is taken for a limit; of a minute one
                more.
            is_likeliest: whether no other is likelier: of the others less is remembered.
        """
        strain, suspect = self.strain, self._evidence.suspect
        left = self._evidence.session_ended()
        if self._period_s <= 1 or blamed:
            self._bucket.drain(now_s)
        if was_closed:
            self._bucket.spend(min(left, _LEFT_S * self._rate), now_s)  # the relay sends it again, at once
        if was_fruitful:
            self._barren = 0
        self._barren += blamed
        is_proven = (was_closed and self.is_known) or (
            strain > self._least * _NEW and self._evidence.is_proven(suspect, now_s, proof + (self._period_s > 1))
        )
        if not blamed or not suspect or not is_proven:
            return
        if strain <= 1 and min(lasted_s, now_s - self._changed_s) > LASTED_S:
            return
        self._evidence.safe = max(self._evidence.safe, self._least_safe)
        was_unknown = not self.is_known
        is_same = are_about_one(self._hit_at, suspect)
        self._hit_at = suspect
        if is_likeliest and (is_same or was_unknown):
            self._hits = max(2, self._hits + 1)
        elif was_unknown or not is_same:
            self._hits = 1
        self._raises = 0
        self._ceiling = max(min(self._ceiling, suspect) if is_same else suspect, self._floor / _SHARE)
        passes = math.sqrt(min(self._evidence.safe, self._ceiling * _DOUBT) * self._ceiling)
        rate = max(self._floor, passes * _SHARE)
        is_in_vain = rate > self._lowered_to / _ABOUT_THE_SAME and lasted_s < LASTED_S
        self._in_vain = self._in_vain + 1 if is_in_vain else 0
        self._lowered_to = rate
        self._set(rate, now_s)

    @property
    def _floor(self) -> float:
        floor = FLOOR_PER_S if self._period_s <= 1 else MINUTE_FLOOR_PER_S
        return (floor if self._barren < _BARREN else LEAST_PER_S) * self._scale

    @property
    def _most(self) -> float:
        share = _SHARE if self._hits >= _SURE_HITS else _FIRST_SHARE
        return max(min(self._evidence.safe, self._ceiling) * _SHARE_OF_SAFE, self._ceiling * share)

    @property
    def _grow_every_s(self) -> float:
        return _GROW_EVERY_S if self._hits <= 1 else max(_GROW_EVERY_S, self._period_s / 4)

    @property
    def _again_after_s(self) -> float:
        if self._hits <= 1:
            return _GROW_EVERY_S
        doublings = min(2 * (self._hits - 2), 12) - min(self._raises, 3)
        least_s = max(_AGAIN_AFTER_S, 5 * self._period_s, _AGAIN_AFTER_RESTARTS * self.restart_s)
        return min(least_s * 2.0**doublings, _AGAIN_AFTER_CAP_S)

    @property
    def _least_safe(self) -> float:
        return (_LEAST_SAFE if self._period_s <= 1 else _LEAST_SAFE_OF_A_MINUTE) * self._scale

    @property
    def _burst(self) -> float:
        return max(self._scale, self._rate * self._period_s)

    def _set(self, rate: float, now_s: float) -> None:
        self._rate = rate
        self._changed_s = now_s
        self._peak = 0.0
        self._bucket.resize(self._burst, rate, now_s)
