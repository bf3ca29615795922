"""Mark speed: how quickly marks come back, and the grace that follows from it (rule 2 of ``marks.py``). Pure."""

from __future__ import annotations

GRACE_S, _GRACE_CAP_S = 2.0, 60.0
_LAGS = 6  # a mark feels about a fifth of what samples are behind
_SMOOTH = 0.3


class MarkSpeed:
    """Smoothed over the marks that came back."""

    def __init__(self) -> None:
        self.round_trip_s: float | None = None
        """From a mark's being written to its being seen, smoothed; None before the first."""
        self._lag_s = 0.0  # how much later than ThingsBoard had it, smoothed

    @property
    def grace_s(self) -> float:
        """See rule 2."""
        return min(max(GRACE_S, _LAGS * self._lag_s), _GRACE_CAP_S)

    def mark_back(self, took_s: float, lag_s: float) -> None:
        """One came back.

        Args:
            took_s: from its being written to its being seen.
            lag_s: how much later than ThingsBoard had it.
        """
        before = self.round_trip_s if self.round_trip_s is not None else took_s
        self.round_trip_s = (1 - _SMOOTH) * before + _SMOOTH * took_s
        self._lag_s = max(lag_s, (1 - _SMOOTH) * self._lag_s)  # a slow one counts at once
