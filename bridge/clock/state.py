"""What the clock says of itself, and what came of a look at it. Plain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bridge.clock.boots import Grade

Condition = Literal["waiting", "trusted", "kept", "estimated"]


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clock says of itself.

    Args:
        condition: see ``clock.py``.
        grade: how surely this boot's beginning is known; None while it is not.
        why: why the wall clock is trusted or not, for a person.
        is_wrong: whether something speaks against the wall clock.
        for_s: for how long it has been so.
        wall_off_s: how far the wall clock is ahead of the time that is given; 0 while there is none.
        steps: steps of the wall clock seen since the start of the process.
        synchronised: what the system says; None when it says nothing.
    """

    condition: Condition
    grade: Grade | None
    why: str
    is_wrong: bool
    for_s: float
    wall_off_s: float
    steps: int
    synchronised: bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a look that others must know.

    Args:
        recall: boots whose samples want a new time, if they are still here.
        moved_s: how far this boot's anchor was moved; 0 when it was not, or there was none.
        stepped_s: how far the wall clock was stepped since the look before; 0 when it was not.
    """

    recall: tuple[int, ...] = ()
    moved_s: float = 0.0
    stepped_s: float = 0.0
