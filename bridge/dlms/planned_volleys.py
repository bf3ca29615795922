"""Which of a plan's requests go out as a volley: those in a row whose answers are known but for their values.

Rules
    The shape of an answer is learnt from the last one. What is answered otherwise, or not at all, is asked by itself.
    Where volleys keep breaking, as on a bad line or with answers in several frames, most cycles do without: a volley
    costs little, and gains nothing when it breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.volley import turn_of

if TYPE_CHECKING:
    from bridge.dlms.planned_registers import PlannedRegister, PlannedRequest
    from bridge.dlms.services import Services
    from bridge.dlms.volley import Turn

_MOST_CREDIT, _COST = 16, 4


class PlannedVolley(NamedTuple):
    """Requests of a plan in a row, and the registers that their values are for."""

    turn: Turn
    first_invoke_id: int
    registers: tuple[PlannedRegister, ...]


class PlannedVolleys:
    """The volleys of one plan, by the number of the request with which each begins."""

    __slots__ = ("_credit", "_steps", "_volleys")

    def __init__(self) -> None:
        self._steps: tuple[PlannedRequest, ...] = ()
        self._volleys: dict[int, PlannedVolley] = {}
        self._credit = _MOST_CREDIT

    def prepare(self, steps: tuple[PlannedRequest, ...], services: Services) -> dict[int, PlannedVolley]:
        """Return the volleys for a cycle that is to ask ``steps``."""
        if not services.may_volley:
            return {}
        if self._credit < _COST:
            self._credit += 1
            return {}
        if steps is not self._steps or services.has_learnt:
            services.has_learnt = False
            self._steps, self._volleys = steps, _volleys(steps, services)
        return self._volleys

    def ended(self, *, is_whole: bool) -> None:
        """Note how a volley ended."""
        if not is_whole:
            self._credit -= _COST
        elif self._credit < _MOST_CREDIT:
            self._credit += 1


def _volleys(steps: tuple[PlannedRequest, ...], services: Services) -> dict[int, PlannedVolley]:
    found: dict[int, PlannedVolley] = {}
    begin = 0
    for end in range(len(steps) + 1):
        request = steps[end].request if end < len(steps) else None
        if request is not None and request.shape is not None and len(request.plain) <= services.longest_request_bytes:
            continue
        if row := steps[begin:end]:
            turn = turn_of([step.request for step in row], keeps_ids=services.keeps_ids)
            registers = row[0].registers if len(row) == 1 else tuple(one for step in row for one in step.registers)
            found[begin] = PlannedVolley(turn, row[0].request.invoke_id, registers)
        begin = end + 1
    return found
