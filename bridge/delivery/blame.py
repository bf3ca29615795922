"""Blame: which of the limits that nobody tells ended a session, and what follows for each of them. Pure.

Rules

* Blamed is whose suspect demand is highest against what is safe, and what is hardly less likely. Where one that is
  known explains the end, another that is not known would be one too many.
* Several are often blamed together: devices are introduced while samples go, and points rise with messages. When one
  of them is blamed later and another is not, that one explains the earlier ends, too; the other is *excused*: its rate
  goes up by a step.
* Session after session that ends on less than has passed is not ended by what was learnt: all is forgotten, and it
  takes more of them until the next limit is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bridge.delivery.learnt_rate import LearntRate

_LIKELIEST, _AS_LIKELY = 0.98, 0.7
_PROOF, _MOST_PROOF = 2, 8
"""Sessions that must end on the same demand before it is a limit; twice as many each time that it was none."""
_UNEXPLAINED = 3


class Blame:
    """See the module's rules. Times are one monotonic clock's seconds.

    Args:
        rates: of all limits.
    """

    def __init__(self, rates: Collection[LearntRate]) -> None:
        self._rates = rates
        self._proof = _PROOF
        self._unexplained = 0  # sessions in a row that no limit explains the end of
        self._beside: dict[LearntRate, set[LearntRate]] = {}  # which others were blamed together with one
        self.was_known = False
        """Whether a limit that was known explains why the last session ended."""

    def session_began(self, now_s: float, lasted_s: float, *, was_closed: bool, was_fruitful: bool) -> bool:
        """Judge the end of the session before; return whether a limit explains it.

        Args:
            now_s: the time.
            lasted_s: how long that session was.
            was_closed: whether this one came at once: then ThingsBoard closed it, else it may have been away.
            was_fruitful: whether anything was stored in it.
        """
        guilty = self._guilty() if was_closed else []
        self.was_known = any(rate.is_known for rate in guilty)
        most = max((rate.likelihood for rate in guilty), default=0.0)
        as_likely = [rate for rate in guilty if rate.strain > 1 and rate.likelihood >= most * _AS_LIKELY]
        self._excuse(as_likely, now_s)
        is_explained = any(rate.strain > 1 for rate in guilty)
        for rate in self._rates:
            is_likeliest = rate.likelihood >= most * _LIKELIEST
            rate.session_ended(
                now_s,
                lasted_s,
                blamed=rate in guilty and (is_likeliest or rate in as_likely),
                was_fruitful=was_fruitful,
                was_closed=was_closed,
                proof=self._proof,
                is_likeliest=is_likeliest,
            )
        if was_closed:
            self._count(now_s, is_explained=bool(guilty))
        return is_explained

    def _guilty(self) -> list[LearntRate]:
        guilty = [rate for rate in self._rates if rate.may_be_guilty]
        # Where one that is known explains it, another would be one too many; a minute's all the more.
        strain = max((rate.strain for rate in guilty if rate.is_known and not rate.is_blamed_in_vain), default=0.0)
        if strain > 0:
            guilty = [rate for rate in guilty if rate.is_known or (strain <= 1 and not rate.is_of_a_minute)]
        return guilty

    def _excuse(self, blamed: Sequence[LearntRate], now_s: float) -> None:
        for one in blamed:
            beside = self._beside.setdefault(one, set())
            for other in [rate for rate in beside if rate.strain <= 1]:
                beside.discard(other)
                self._beside[other].discard(one)
                other.excuse(now_s)
        for one in blamed:
            self._beside[one].update(other for other in blamed if other is not one)

    def _count(self, now_s: float, *, is_explained: bool) -> None:
        self._unexplained = 0 if is_explained else self._unexplained + 1
        known = [rate for rate in self._rates if rate.is_known]
        if self._unexplained >= _UNEXPLAINED and known:
            self._unexplained = 0
            self._proof = min(self._proof * 2, _MOST_PROOF)
            for rate in known:
                rate.forget(now_s)
