"""Bucket: a limit as ThingsBoard keeps it. It holds ``amount`` and refills evenly, so much in so many seconds.

What we send takes some time to arrive, and only when ThingsBoard is known to have taken it is it known to have been
counted. So what is on the way is reserved, and counted as spent at the last moment that it can have been: when it was
accepted. That way nothing that piles up before ThingsBoard can pass the limit when it arrives all at once.
"""

from __future__ import annotations


class Bucket:
    """Times are one monotonic clock's seconds.

    Args:
        amount: what it holds when full; more than that can never pass at once.
        per_s: how fast it refills.
        level: what is in it at first.
        now_s: the time.
    """

    def __init__(self, amount: float, per_s: float, *, level: float, now_s: float) -> None:
        self.amount = amount
        self.per_s = per_s
        self._level = min(level, amount)
        self._at_s = now_s
        self._on_the_way = 0.0

    def available(self, now_s: float) -> float:
        """What may be sent now."""
        self._refill(now_s)
        return self._level - self._on_the_way

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until so much may be sent if nothing is accepted till then; what never fits waits for all of it."""
        self._refill(now_s)
        wanted = min(amount, self.amount) - self._level + self._on_the_way
        return wanted / self.per_s if wanted > 0 else 0.0

    def sent(self, amount: float) -> None:
        """So much is on the way."""
        self._on_the_way += amount

    def spend(self, amount: float, now_s: float) -> None:
        """So much is gone at once; more than there is makes the next wait longer."""
        self._refill(now_s)
        self._level -= amount

    def accepted(self, amount: float, now_s: float) -> None:
        """So much of it was taken."""
        self._refill(now_s)
        self._on_the_way = max(0.0, self._on_the_way - amount)
        self._level = max(0.0, self._level - amount)

    def drain(self, now_s: float) -> None:
        """The session ended: what was on the way may have been counted or not, and perhaps it was this limit."""
        self._refill(now_s)
        self._on_the_way = 0.0
        self._level = 0.0

    def resize(self, amount: float, per_s: float, now_s: float) -> None:
        """Another size from now on."""
        self._refill(now_s)
        self.amount, self.per_s = amount, per_s
        self._level = min(self._level, amount)

    def _refill(self, now_s: float) -> None:
        if now_s > self._at_s:
            self._level = min(self.amount, self._level + (now_s - self._at_s) * self.per_s)
            self._at_s = now_s
