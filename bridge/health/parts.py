"""What health asks of a meter's poller. Outbox and delivery have their states as plain objects of their own.

Rules
    A part answers for its own state, with a plain object that is made anew at each question and on any thread. Nobody
    asks a metric: metrics are one way to show a state, never the way to know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from bridge.meters.state import MeterState


class Read(Protocol):
    """What is asked of a meter's poller."""

    @property
    def state(self) -> MeterState:
        """Its figures."""

    @property
    def interval_s(self) -> float:
        """How often it is read now."""


class Watched(NamedTuple):
    """One meter, by its name in the settings."""

    name: str
    poller: Read
