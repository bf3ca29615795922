"""What to do after which error, for ever: how long to leave a meter alone, and which failures are worth a line.

Rules
    After a failed cycle the connection is opened again after 2, 4, 6 s, then doubling to a cap of 60 s, with jitter.
    Real meters lock at the third wrong password. So a refused one is tried once more after a minute, and then the
    meter is left alone for 10 minutes, doubling to 6 h. Failures of another kind in between change nothing of that:
    perhaps the meter heard the password and its answer was lost.
    A password that is accepted forgets the refusals, a good cycle forgets everything.
    The first failure of a row is logged, then every 60th, then the recovery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import AuthError

if TYPE_CHECKING:
    from random import Random

    from bridge.errors import MeterError

_FIRST_STEPS_S = (2.0, 4.0, 6.0)
_CAP_S = 60.0
_JITTER = 0.1
_AUTH_PATIENCE = 2  # the third wrong password locks real meters
_AUTH_AGAIN_S = 60.0
_AUTH_FIRST_S = 600.0
_AUTH_CAP_S = 6 * 3600.0
_LOG_EVERY = 60


class Recovery:
    """One meter's failures in a row.

    Args:
        rng: for the jitter, so that a thousand meters behind one switch do not come back in one instant.
        least_s: never less than this; the profile's gap between two connections.
    """

    def __init__(self, rng: Random, *, least_s: float = 0.0) -> None:
        self.failures = 0
        self.refusals = 0
        """How often in a row the meter refused its password or key."""
        self._rng = rng
        self._least_s = least_s

    def failed(self, error: MeterError) -> float:
        """Count one more failure and return the seconds to wait before the next attempt."""
        self.failures += 1
        if isinstance(error, AuthError):
            self.refusals += 1
        if self.failures <= len(_FIRST_STEPS_S):
            wait_s = _FIRST_STEPS_S[self.failures - 1]
        else:
            wait_s = min(_FIRST_STEPS_S[-1] * 2.0 ** min(self.failures - len(_FIRST_STEPS_S), 10), _CAP_S)
        return max(self._jittered(max(wait_s, self._alone_s())), self._least_s, min(self._alone_s(), _AUTH_AGAIN_S))

    def remember(self, refusals: int, since_s: float) -> float:
        """Count refusals from before this start, and return the seconds that the meter must still be left alone.

        Args:
            refusals: how often the meter refused its password or key.
            since_s: seconds since it last did.
        """
        self.refusals = refusals
        return max(self._alone_s() - since_s, 0.0)

    @property
    def is_worth_a_line(self) -> bool:
        """Whether the failure just counted should be logged."""
        return self.failures == 1 or self.failures % _LOG_EVERY == 0

    @property
    def is_locked_out(self) -> bool:
        """Whether the meter refused its password or key so often that it is left alone."""
        return self.refusals >= _AUTH_PATIENCE

    def accepted(self) -> int:
        """Forget the refusals, the meter took the password or key; return how many there were."""
        refusals, self.refusals = self.refusals, 0
        return refusals

    def succeeded(self) -> int:
        """Forget the failures and return how many there were."""
        failures, self.failures, self.refusals = self.failures, 0, 0
        return failures

    def _alone_s(self) -> float:
        """Return how long the meter is left alone for what it refused."""
        if self.refusals < _AUTH_PATIENCE:
            return _AUTH_AGAIN_S if self.refusals else 0.0
        return min(_AUTH_FIRST_S * 2.0 ** min(self.refusals - _AUTH_PATIENCE, 10), _AUTH_CAP_S)

    def _jittered(self, seconds: float) -> float:
        return seconds * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
