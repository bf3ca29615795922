"""What to do after which error, for ever: how long to leave a meter alone, and which failures are worth logging.

Rules
    After a failed cycle the connection is opened again after 2, 4, 6 s, then doubling to a cap of 60 s, with jitter.
    After a refusal of the password or key it takes a minute at least; whether a secret may be sent again at all,
    ``refused_secrets.py`` says.
    A good cycle resets everything.
    Logged are the first failure in a row, each with another cause than the one before, every 60th, and the recovery.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bridge.errors import AuthError

if TYPE_CHECKING:
    from random import Random

    from bridge.errors import MeterError

_FIRST_STEPS_S = (2.0, 4.0, 6.0)
_CAP_S = 60.0
_JITTER = 0.1
_AUTH_AGAIN_S = 60.0
_LOG_EVERY = 60
_CAUSES_KEPT, _LASTS_FROM = 8, 3
_FIGURES = re.compile(r"\b(?:[0-9A-F]{2}(?: [0-9A-F]{2})+|\d+)\b")


class Recovery:
    """One meter's failures in a row.

    Args:
        rng: for the jitter, so that a thousand meters behind one switch do not reconnect at once.
        least_s: never less than this; the profile's gap between two connections.
    """

    def __init__(self, rng: Random, *, least_s: float = 0.0) -> None:
        self.failures = 0
        self.is_worth_a_line = False
        """Whether the failure just counted should be logged."""
        self._rng = rng
        self._least_s = least_s
        self._causes: list[tuple[str, str]] = []  # logged in this row of failures
        self._cause, self._held_for = ("", ""), 0  # the last one, and for how many failures

    def failed(self, error: MeterError) -> float:
        """Count one more failure and return the seconds to wait before the next attempt."""
        self.failures += 1
        self.is_worth_a_line = self._is_news(error) or self.failures % _LOG_EVERY == 0
        if self.failures <= len(_FIRST_STEPS_S):
            wait_s = _FIRST_STEPS_S[self.failures - 1]
        else:
            wait_s = min(_FIRST_STEPS_S[-1] * 2.0 ** min(self.failures - len(_FIRST_STEPS_S), 10), _CAP_S)
        alone_s = _AUTH_AGAIN_S if isinstance(error, AuthError) else 0.0
        return max(self._jittered(max(wait_s, alone_s)), self._least_s, alone_s)

    def succeeded(self) -> int:
        """Forget the failures and return how many there were."""
        failures, self.failures = self.failures, 0
        self._causes.clear()
        self._cause, self._held_for = ("", ""), 0
        return failures

    def _is_news(self, error: MeterError) -> bool:
        """Return whether this cause is new; of causes that alternate, each is logged once."""
        cause = error.stage, _FIGURES.sub("#", str(error))
        if cause == self._cause:
            self._held_for += 1
            return False
        lasted, self._cause, self._held_for = self._held_for >= _LASTS_FROM, cause, 1
        if cause in self._causes:
            return lasted
        if len(self._causes) < _CAUSES_KEPT:  # a meter that says something else each time is logged every 60th time
            self._causes.append(cause)
            return True
        return False

    def _jittered(self, seconds: float) -> float:
        return seconds * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
