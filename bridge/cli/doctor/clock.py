"""The doctor on the clock: can it be right, and does a time service keep it right? After an outage, often neither."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.cli.doctor.finding import Finding, bad, good, left_out, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

_EARLIEST_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No bridge of this version ran before this date: a clock that shows an earlier one has lost its battery."""
_SLACK_S = 120.0


def judge_clock(now_s: float, newest_s: float | None, *, synchronised: bool | None) -> Iterator[Finding]:
    """Yield whether the clock can be right and is kept right.

    Args:
        now_s: what it shows, Unix seconds.
        newest_s: the newest time known to have been: of a sample, of a file; None when nothing is known.
        synchronised: what the kernel says; None when it does not say.
    """
    shown = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if now_s < _EARLIEST_S:
        yield bad("doctor.clock.old", "doctor.clock.fix", shown=shown)
    elif newest_s is not None and newest_s > now_s + _SLACK_S:
        newest = datetime.fromtimestamp(newest_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield bad("doctor.clock.went_back", "doctor.clock.fix", shown=shown, newest=newest)
    elif synchronised is None:
        yield left_out("doctor.clock.unknown", "doctor.clock.look", shown=shown)
    elif synchronised:
        yield good("doctor.clock.synchronised", shown=shown)
    else:
        yield warn("doctor.clock.unsynchronised", "doctor.clock.fix", shown=shown)
