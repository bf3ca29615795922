"""How one meter is doing: what its poller knows, for the status report and remote calls. Counted, never derived.

Belongs to one poller, which alone writes it.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.errors import MeterError
    from bridge.sample import Sample

Condition = Literal["starting", "reading", "failing", "left alone"]

_MINUTES = 60


class MeterState:
    """One meter's figures. Times are Unix seconds; None for never."""

    def __init__(self) -> None:
        self.condition: Condition = "starting"
        self.last_sample: Sample | None = None
        self.last_success_s: float | None = None
        self.last_error: MeterError | None = None
        self.last_error_s: float | None = None
        self.failing_since_s: float | None = None
        self.next_attempt_s: float | None = None
        self.cycles_ok = 0
        self.cycles_failed = 0
        self.reconnects = 0
        self.clock_drift_s: float | None = None  # the meter's clock less ours, where it is known
        self.left_out: Mapping[str, str] = {}  # objects that the meter does not answer, with the reason
        self.doubts: Mapping[str, str] = {}  # key → quality, of the last sample
        # The last hour, a bucket per minute: which minute, and how its cycles ended. 720 bytes per meter.
        self._minute = array("I", [0] * _MINUTES)
        self._ok = array("I", [0] * _MINUTES)
        self._failed = array("I", [0] * _MINUTES)

    def succeeded(self, sample: Sample, now_s: float) -> None:
        """Count a cycle that gave ``sample``."""
        self.condition = "reading"
        self.cycles_ok += 1
        self.last_sample, self.last_success_s = sample, now_s
        self.failing_since_s = self.next_attempt_s = None
        self._ok[self._bucket(now_s)] += 1

    def failed(self, error: MeterError, now_s: float, *, wait_s: float, left_alone: bool) -> None:
        """Count a cycle that failed; the next attempt comes after ``wait_s``."""
        self.condition = "left alone" if left_alone else "failing"
        self.cycles_failed += 1
        self.last_error, self.last_error_s = error, now_s
        self.next_attempt_s = now_s + wait_s
        if self.failing_since_s is None:
            self.failing_since_s = now_s
        self._failed[self._bucket(now_s)] += 1

    def success(self, minutes: int, now_s: float) -> float | None:
        """Return the share of cycles that succeeded in the last ``minutes`` (at most 60); None when there was none."""
        this_minute = int(now_s // 60)
        recent = [n for n in range(_MINUTES) if this_minute - minutes < self._minute[n] <= this_minute]
        ok, failed = sum(self._ok[n] for n in recent), sum(self._failed[n] for n in recent)
        return ok / (ok + failed) if ok + failed else None

    def _bucket(self, now_s: float) -> int:
        minute = int(now_s // 60)
        bucket = minute % _MINUTES
        if self._minute[bucket] != minute:
            self._minute[bucket], self._ok[bucket], self._failed[bucket] = minute, 0, 0
        return bucket
