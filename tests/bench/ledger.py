"""What the load side saw: requests by kind, and when each meter's cycles began. Knows no bytes and no sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from tests.bench.answers import GET, LIST, OTHER, SCALER

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lateness(TypedDict):
    """Cycles later than the meter's own grid, seconds, over all meters."""

    meters: int
    cycles: int
    missed: int
    p50_s: float
    p99_s: float
    max_s: float


@dataclass(slots=True)
class Ledger:
    """Counts since :meth:`clear`.

    Args:
        interval_s: how often a meter is meant to be read; a request half of that after a cycle's first begins the next.
    """

    interval_s: float = float("inf")
    asked: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    """Requests by kind, see ``answers.py``."""
    registers: int = 0
    repeated: int = 0
    """Frames that came twice and were answered twice."""
    out_of_order: int = 0
    """Frames whose sequence numbers were not those expected; they get no answer."""
    unknown: int = 0
    """Frames for nobody here."""
    associations: int = 0
    begun: list[tuple[int, float]] = field(default_factory=list)
    """Meter and monotonic time of each cycle's first request."""

    def clear(self) -> None:
        """Begin anew; associations that stand are kept."""
        self.asked = [0, 0, 0, 0]
        self.registers = self.repeated = self.out_of_order = self.unknown = 0
        self.begun = []

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return {
            "gets": self.asked[GET],
            "lists": self.asked[LIST],
            "scalers": self.asked[SCALER],
            "others": self.asked[OTHER],
            "registers": self.registers,
            "repeated": self.repeated,
            "out_of_order": self.out_of_order,
            "unknown": self.unknown,
            "associations": self.associations,
            "cycles": len(self.begun),
        }


def lateness(begun: Iterable[tuple[int, float]], interval_s: float, *, skip: int = 0) -> Lateness:
    """Return how far cycles began behind their meter's grid.

    The grid is laid through the meter's earliest cycle, so it sees what delays some cycles and not others; a delay
    that all cycles of a meter share is not visible from here.

    Args:
        begun: meter and time of each cycle's first request, a meter's own in their order.
        interval_s: how often a meter is meant to be read.
        skip: so many cycles of each meter are left out: the first waits for its association.
    """
    of_meter: dict[int, list[float]] = {}
    for number, at_s in begun:
        of_meter.setdefault(number, []).append(at_s)
    late_s, missed = [], 0
    for times_s in (times_s[skip:] for times_s in of_meter.values() if len(times_s) > skip):
        steps = [round((at_s - times_s[0]) / interval_s) for at_s in times_s]
        off_s = [at_s - step * interval_s for at_s, step in zip(times_s, steps, strict=True)]
        earliest_s = min(off_s)
        late_s += [off - earliest_s for off in off_s]
        missed += steps[-1] + 1 - len(times_s)
    late_s.sort()
    return {
        "meters": len(of_meter),
        "cycles": len(late_s),
        "missed": missed,
        "p50_s": late_s[len(late_s) // 2] if late_s else float("nan"),
        "p99_s": late_s[min(len(late_s) - 1, int(len(late_s) * 0.99))] if late_s else float("nan"),
        "max_s": late_s[-1] if late_s else float("nan"),
    }
