"""Relay queue: what Mosquitto says of itself under ``$SYS``, put together. Pure.

It tells how many messages it stores and how many of those are retained; the difference is what still waits to go
upstream. Each figure is retained and comes when it changes, so the last one heard stands.
"""

from __future__ import annotations

STORED = "$SYS/broker/store/messages/count"
RETAINED = "$SYS/broker/retained messages/count"
DROPPED = "$SYS/broker/publish/messages/dropped"
TOPICS = (STORED, RETAINED, DROPPED)


class RelayQueue:
    """The broker's queue upstream. One for each connection: a broker that was started again counts from nothing."""

    def __init__(self) -> None:
        self._figures: dict[str, int] = {}

    @property
    def queued(self) -> int | None:
        """Messages that the broker still holds; None while it has not said."""
        if STORED not in self._figures or RETAINED not in self._figures:
            return None
        return max(0, self._figures[STORED] - self._figures[RETAINED])

    def hear(self, topic: str, payload: bytes) -> int:
        """Take a figure.

        Returns:
            messages that the broker dropped since it said so the last time.
        """
        try:
            figure = int(payload)
        except ValueError:
            return 0
        before = self._figures.get(topic)
        self._figures[topic] = figure
        return max(0, figure - before) if topic == DROPPED and before is not None else 0
