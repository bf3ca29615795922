"""What health asks of a meter's poller. Outbox and delivery describe themselves in plain state objects.

Rules
    A part answers for its own state, with a plain object made anew for each question, on any thread. Nobody asks a
    metric: metrics are one way to show a state, never the way to know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from bridge.meters.state import MeterState


class PolledMeter(Protocol):
    """What is asked of a meter's poller."""

    @property
    def state(self) -> MeterState:
        """Its figures."""

    @property
    def interval_s(self) -> float:
        """How often it is read now."""


class WatchedMeter(NamedTuple):
    """One meter, by its name in the settings."""

    name: str
    poller: PolledMeter
