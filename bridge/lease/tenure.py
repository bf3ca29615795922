"""Until when a holder may count on its lease: pure arithmetic over the votes of the witnesses.

Rules
    A vote counts from before it was asked for, never from when the answer came.
    The lease lasts as long as more than half of the witnesses vote for it.
    It is held for less than was granted: clocks run at different rates, and bytes that were handed to the kernel may
    still leave it for a while. What lies between has three parts:

        asked for …………… leaving ………… shut ………… nothing under way …………… granted until
                            release the    no byte     what the kernel had     by a clock that is slower
                            meters         goes out    is given up             than this one
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RATES_DIFFER: Final = 0.05
"""Two machines' clocks run at rates that differ by less than this from the true one, each."""
_SHARE: Final = (1 - RATES_DIFFER) / (1 + RATES_DIFFER)
_LINGER_S, _LEAVING_S = 4.0, 3.0
_LINGER_SHARE, _LEAVING_SHARE = 0.25, 0.2
_ROUNDS: Final = 7.5


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """What follows from how long a lease is granted for.

    Args:
        lease_s: that.
    """

    lease_s: float

    @property
    def linger_s(self) -> float:
        """How long bytes that were sent may wait for their acknowledgement before the kernel gives them up."""
        return min(_LINGER_S, _LINGER_SHARE * self.lease_s)

    @property
    def usable_s(self) -> float:
        """From asking until no byte is sent any more."""
        return _SHARE * self.lease_s - self.linger_s

    @property
    def leaving_s(self) -> float:
        """So long before that the meters are released."""
        return min(_LEAVING_S, _LEAVING_SHARE * self.lease_s)

    @property
    def round_s(self) -> float:
        """How often the witnesses are asked, and how long each may take to answer."""
        return self.lease_s / _ROUNDS


class Tenure:
    """The votes for one holder. Times are seconds of the holder's clock.

    Args:
        witnesses: how many there are.
        times: what follows from the length of the lease.
    """

    def __init__(self, witnesses: int, times: LeaseTimes) -> None:
        self._ends_s = [float("-inf")] * witnesses
        self._times = times

    def granted(self, witness: int, asked_s: float) -> None:
        """Count a vote.

        Args:
            witness: whose, from 0 on.
            asked_s: when it was asked for.
        """
        self._ends_s[witness] = max(self._ends_s[witness], asked_s + self._times.usable_s)

    @property
    def shut_s(self) -> float:
        """From when on nothing is sent to a meter; in the past when there is no majority."""
        return sorted(self._ends_s, reverse=True)[len(self._ends_s) // 2]

    @property
    def leaving_s(self) -> float:
        """From when on the meters are released, unless more votes came."""
        return self.shut_s - self._times.leaving_s

    def votes(self, now_s: float) -> int:
        """Return how many witnesses vote for it now."""
        return sum(now_s < end_s for end_s in self._ends_s)
