"""The meters' clocks as witnesses: what each says of this boot's beginning, and how far it was off in good times. Pure.

A meter states whole seconds, and is off by minutes for years; but it goes on through our power cut. In good times its
offset is learnt, again and again; in bad ones its statement less that offset is the time. Several are asked, and the
median counts: one that was set meanwhile does not.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.clock.moment import Moment

MOST = 50
"""So many meters are remembered: more do not make the median better."""
_NEWS_S = 5.0


class Witnesses:
    """What was heard of them in this boot.

    Args:
        offsets_s: how far each meter is ahead of the true time; kept by the ledger, changed here.
    """

    def __init__(self, offsets_s: dict[str, float]) -> None:
        self._offsets_s = offsets_s
        self._began_s: dict[str, float] = {}  # what each says that this boot's beginning was, Unix seconds

    def heard(self, meter: str, stated_s: float, stamp: Moment) -> None:
        """A meter stated its time, Unix seconds, at the moment of ``stamp``, of this boot."""
        if meter in self._began_s or len(self._began_s) < MOST or meter in self._offsets_s:
            self._began_s[meter] = stated_s - stamp.up_ns / 1e9

    def learn(self, anchor_ns: int, *, agreeing_within_s: float | None = None) -> bool:
        """Note how far the meters' clocks are off a beginning that is known; return whether one is new.

        Args:
            anchor_ns: the wall time of this boot's beginning.
            agreeing_within_s: who says something else than before by more is not believed; None for any.
        """
        is_news = False
        for meter, began_s in self._began_s.items():
            offset_s, before_s = began_s - anchor_ns / 1e9, self._offsets_s.get(meter)
            if before_s is None:
                if len(self._offsets_s) >= MOST:
                    continue
            elif agreeing_within_s is not None and abs(offset_s - before_s) > agreeing_within_s:
                continue
            if before_s is None or abs(offset_s - before_s) > _NEWS_S:
                self._offsets_s[meter] = round(offset_s, 1)
                is_news |= before_s is None
        return is_news

    def ahead_s(self, offset_ns: int) -> tuple[int, float]:
        """Return how many meters with a known offset were heard, and how far they are ahead of a clock, the median.

        Args:
            offset_ns: the wall time of this boot's beginning, by that clock.
        """
        known = self._corrected()
        return len(known), median(known) - offset_ns / 1e9 if known else 0.0

    def began_ns(self) -> int | None:
        """Return when this boot began by the meters' clocks; by those never heard in good times if there are no others.

        None when none was heard.
        """
        told_s = self._corrected() or list(self._began_s.values())
        return round(median(told_s) * 1e9) if told_s else None

    def _corrected(self) -> list[float]:
        return [
            began_s - self._offsets_s[meter] for meter, began_s in self._began_s.items() if meter in self._offsets_s
        ]
