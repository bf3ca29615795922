"""Objects that a meter does not answer, answers with nonsense, or hangs up at: left out and retried.

Rules
    A single failure may be the line's. The first time, an object that costs the association is asked last in the next
    cycle, where nothing else is lost; the second time it is left out.
    What is left out is retried at the end of every 4th cycle, then every 8th, and so on, at least hourly. One answer
    brings it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.dlms.xdlms import Attribute
    from bridge.errors import MeterError

_LEFT_OUT_FROM = 2
_FIRST_REST = 4  # cycles
_WHY = {"decode": "unreadable answer", "framing": "damaged answer"}
_NO_ANSWER = "no answer"


class _Ail:
    __slots__ = ("rest", "said", "strikes", "why")

    def __init__(self) -> None:
        self.strikes = 0
        self.rest = 0  # cycles until it is tried again
        self.why = self.said = ""


class LeftOutObjects:
    """The failing objects of one meter, by logical name.

    Args:
        most_rest: retry after this many cycles at the latest.
    """

    __slots__ = ("_ails", "_most_rest")

    def __init__(self, most_rest: int) -> None:
        self._ails: dict[bytes, _Ail] = {}
        self._most_rest = max(most_rest, 1)

    def __bool__(self) -> bool:
        return bool(self._ails)

    def strike(self, attribute: Attribute, error: MeterError, *, ends: bool) -> None:
        """Note that asking for ``attribute`` failed; ``ends``: the association went with it."""
        ail = self._ails.setdefault(attribute.logical_name, _Ail())
        ail.strikes += 1
        ail.why, ail.said = _WHY.get(error.stage, _NO_ANSWER), str(error)
        if ail.strikes >= _LEFT_OUT_FROM:
            ail.rest = min(_FIRST_REST << min(ail.strikes - _LEFT_OUT_FROM, 16), self._most_rest)
        elif not ends:
            ail.rest = -1  # asked in its place once more

    def is_aside(self, logical_name: bytes) -> bool:
        """Return whether the object is not asked for in its place."""
        ail = self._ails.get(logical_name)
        return ail is not None and ail.rest >= 0

    def why(self, logical_name: bytes) -> str:
        """Return what is wrong with the object; empty when nothing is."""
        ail = self._ails.get(logical_name)
        return ail.why if ail is not None else ""

    def due(self) -> list[bytes]:
        """Return what is tried again at the end of this cycle; called once per cycle."""
        due = []
        for name, ail in self._ails.items():
            if ail.rest == 0:
                due.append(name)
            elif ail.rest > 0:
                ail.rest -= 1
        return due

    def is_well(self, logical_name: bytes) -> None:
        """Note that the object answered."""
        self._ails.pop(logical_name, None)

    def left_out(self) -> dict[str, str]:
        """Return what is left out, as ``1-0:14.7.0``, with what was seen."""
        return {name_of(name): ail.said for name, ail in self._ails.items() if ail.strikes >= _LEFT_OUT_FROM}

    def forget(self) -> None:
        """Start over: where nothing at all answers, the objects are not to blame."""
        self._ails.clear()


def name_of(logical_name: bytes) -> str:
    """Return a logical name as people write it: ``1-0:14.7.0``, with the last group where it says something."""
    a, b, c, d, e, f = logical_name
    return f"{a}-{b}:{c}.{d}.{e}" + (f"*{f}" if f != 0xFF else "")
