"""When earlier boots began that never had the time, or had it wrong: told once this boot's beginning is known. Pure.

A boot that had no time until the power went again gets an estimate: by the meters' clocks as they were heard then, else
by what the wall clock showed where that can be, else by the last time that was known before it. One that seems to have
ended after the next began was wrong, where the next is at least as surely known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.clock.boots import GRADES
from bridge.clock.trust import RELEASED_S

if TYPE_CHECKING:
    from bridge.clock.boots import Boot, Ledger

AHEAD_MS = 60_000
"""Nothing that is dated further ahead than this is sent."""
_AHEAD_NS = AHEAD_MS * 1_000_000


def settle(ledger: Ledger, present: int) -> tuple[int, ...] | None:
    """Give an anchor to boots that have none, or one that cannot be.

    Args:
        ledger: changed here.
        present: the number of this boot, which has one.

    Returns:
        the boots whose anchor was wrong: what they gave must be given anew. None when nothing was changed.
    """
    now, boots = ledger.boots[present], [boot for boot in ledger.boots.values() if boot.boot != present]
    bound_ns, wrong, unknown = now.anchor_ns or 0, [], set()
    is_changed = False
    for boot in reversed(boots):
        anchor_ns = boot.anchor_ns
        is_surer = now.grade != "estimated" and GRADES.index(now.grade) <= GRADES.index(boot.grade)
        if anchor_ns is not None and anchor_ns + boot.seen_ns > bound_ns + _AHEAD_NS and is_surer:
            wrong.append(boot.boot)
            anchor_ns = None
        if anchor_ns is None:
            is_changed = True
            if boot.meters_ns is None or boot.meters_ns + boot.seen_ns > bound_ns + _AHEAD_NS:
                unknown.add(boot.boot)
                continue
            anchor_ns = min(boot.meters_ns, bound_ns - boot.seen_ns)
            ledger.anchor(boot.boot, anchor_ns, "estimated")
        bound_ns = min(bound_ns, anchor_ns)
    over_ns = round(RELEASED_S * 1e9)
    for at, boot in enumerate(boots):
        if boot.boot in unknown:
            following = (ledger.boots[one.boot].anchor_ns for one in boots[at + 1 :] if one.boot not in unknown)
            latest_ns = next(filter(None, following), now.anchor_ns or 0) - boot.seen_ns
            ledger.anchor(boot.boot, _guess_ns(boot, max(over_ns, boot.floor_ms * 1_000_000), latest_ns), "estimated")
        over_ns = max(over_ns, ledger.boots[boot.boot].end_ns or 0)
    return tuple(wrong) if is_changed else None


def _guess_ns(boot: Boot, earliest_ns: int, latest_ns: int) -> int:
    """Return when a boot began of which no meter's clock was heard.

    Args:
        boot: the boot.
        earliest_ns: no earlier than this, as far as is known.
        latest_ns: no later than this, for certain.
    """
    if earliest_ns <= boot.shown_ns <= latest_ns:
        return boot.shown_ns
    return min(earliest_ns if boot.floor_ms else latest_ns, latest_ns)
