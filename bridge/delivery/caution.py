"""Caution: how many messages may be in doubt at a time. Pure.

What ends a session costs all that was sent and is not known to be stored. Whatever ends them (a server that closes at
every fifth message, a row that it cannot read, a limit that is not known yet), with few messages in doubt something is
stored in each session, and little is sent twice. Rules:

* No bound at first. A session that ThingsBoard ends halves what was in doubt: so many may be in doubt from then on;
  not where a limit that is known explains the end: then the rate is lowered.
* Each time that something is stored the bound grows by half, and one; above :data:`MOST` there is none again.
* A message takes as many rows as the line carries, so on a healthy line the bound is hardly felt.
"""

from __future__ import annotations

import math

MOST = 64
_GROWTH = 1.5


class Caution:
    """Counts messages with samples, or reports, that are not known to be stored."""

    def __init__(self) -> None:
        self.most = math.inf
        """So many may be in doubt."""
        self._before = math.inf

    @property
    def is_cautious(self) -> bool:
        """Whether there is a bound."""
        return self.most < math.inf

    def has_room(self, in_doubt: int) -> bool:
        """Whether another message may be sent."""
        return in_doubt < self.most

    def stored(self) -> None:
        """Something arrived."""
        most = self.most * _GROWTH + 1
        self.most = most if most <= MOST else math.inf

    def closed(self, in_doubt: int) -> None:
        """ThingsBoard ended the session with so many in doubt."""
        self._before = self.most
        if in_doubt:
            self.most = max(1, in_doubt // 2)

    def excuse(self) -> None:
        """A limit explains why it did."""
        self.most = self._before
