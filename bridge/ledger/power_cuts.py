"""Power cuts of a meter, out of its own event log: they explain intervals that it never captured. Pure.

A meter without power captures nothing. Intervals that lie wholly inside a cut never were; the two that the cut only
touches are captured, and carry "power down" in their status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.event_codes import POWER_DOWN, POWER_UP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PowerCut(NamedTuple):
    """One cut, UTC milliseconds.

    Args:
        down_ms: when the power went.
        up_ms: when it came back.
    """

    down_ms: int
    up_ms: int


def power_cuts(events: Iterable[tuple[int, int]]) -> list[PowerCut]:
    """Return the cuts that a log tells of, oldest first.

    A "power up" counts from the last "power down" before it; one without any tells of no cut whose start is known. A
    meter that writes "power down" twice was up in between without saying so: the later one counts.

    Args:
        events: time (UTC milliseconds) and code, of the standard event log, oldest first.
    """
    cuts = []
    down_ms: int | None = None
    for at_ms, code in events:
        if code == POWER_DOWN:
            down_ms = at_ms
        elif code == POWER_UP and down_ms is not None:
            if at_ms > down_ms:
                cuts.append(PowerCut(down_ms, at_ms))
            down_ms = None
    return cuts


def cut_around(start_ms: int, end_ms: int, cuts: Sequence[PowerCut], *, slack_ms: int = 0) -> PowerCut | None:
    """Return the cut inside which the time from ``start_ms`` to ``end_ms`` lies; None where there is none.

    Args:
        start_ms: start of the first interval that was not captured.
        end_ms: end of the last.
        cuts: as :func:`power_cuts` gives them.
        slack_ms: by how much the meter's own times may be off: its clock stands still, or is set, around a cut.
    """
    for cut in cuts:
        if cut.down_ms - slack_ms <= start_ms and end_ms <= cut.up_ms + slack_ms:
            return cut
    return None
