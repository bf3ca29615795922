"""What to do after which error, for ever: how long to leave a meter alone, and which failures are worth a line.

Rules
    After a failed cycle the connection is opened again after 2, 4, 6 s, then doubling to a cap of 60 s, with jitter.
    A meter that refuses its password or key three times running is left alone for 10 minutes, doubling to 6 h:
    real meters lock after a few wrong passwords.
    One good cycle forgets everything.
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
_AUTH_PATIENCE = 3
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
        self._auth_failures = 0
        self._rng = rng
        self._least_s = least_s

    def failed(self, error: MeterError) -> float:
        """Count one more failure and return the seconds to wait before the next attempt."""
        wait_s: float
        self.failures += 1
        self._auth_failures = self._auth_failures + 1 if isinstance(error, AuthError) else 0
        if self._auth_failures >= _AUTH_PATIENCE:
            wait_s = min(_AUTH_FIRST_S * 2.0 ** (self._auth_failures - _AUTH_PATIENCE), _AUTH_CAP_S)
        elif self.failures <= len(_FIRST_STEPS_S):
            wait_s = _FIRST_STEPS_S[self.failures - 1]
        else:
            wait_s = min(_FIRST_STEPS_S[-1] * 2.0 ** min(self.failures - len(_FIRST_STEPS_S), 10), _CAP_S)
        return max(wait_s * self._rng.uniform(1 - _JITTER, 1 + _JITTER), self._least_s)

    @property
    def is_worth_a_line(self) -> bool:
        """Whether the failure just counted should be logged."""
        return self.failures == 1 or self.failures % _LOG_EVERY == 0

    @property
    def is_locked_out(self) -> bool:
        """Whether the meter refused its password or key so often that it is left alone."""
        return self._auth_failures >= _AUTH_PATIENCE

    def succeeded(self) -> int:
        """Forget the failures and return how many there were."""
        failures, self.failures, self._auth_failures = self.failures, 0, 0
        return failures
