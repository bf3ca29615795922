"""Values that a body names one by one: pairs of logical name and value, or attributes with class and number. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.cosem_classes import CLOCK, DATA, REGISTER
from bridge.dlms.push.pushed_value import (
    PushedValue,
    attribute_in,
    dotted,
    is_logical_name,
    is_push_setup,
    object_list,
    scaler_unit,
)

if TYPE_CHECKING:
    from bridge.dlms.axdr import Raw


class NamedValues:
    """The values of a body that names each by itself, however deep they stand.

    Attribute ``values`` are those, ``rest`` what stands between them.
    """

    def __init__(self) -> None:
        self.values: list[PushedValue] = []
        self.rest: list[Raw] = []

    def look(self, body: list[Raw]) -> None:
        """Find the values of an array or structure, and of those within it."""
        if (value := _attribute_value(body)) is not None:
            self.values.append(value)
            return
        at = 0
        while at < len(body):
            at += self._take(body, at)

    def _take(self, body: list[Raw], at: int) -> int:
        """Take what stands at ``at``; return how many elements that is."""
        element = body[at]
        if isinstance(element, list):
            if object_list(element):
                self.rest.append(element)
            else:
                self.look(element)
            return 1
        is_name = is_logical_name(element) and not is_push_setup(element)
        if not is_name or at + 1 == len(body) or is_logical_name(body[at + 1]):
            self.rest.append(element)
            return 1
        name, raw = dotted(element), body[at + 1]
        scale = scaler_unit(body[at + 2]) if at + 2 < len(body) else None
        if scale is None:
            self.values.append(PushedValue(name, raw, _usual_class(name)))
            return 2
        self.values.append(PushedValue(name, raw, REGISTER, scaler=scale[0], unit=scale[1]))
        return 3


def _attribute_value(element: list[Raw]) -> PushedValue | None:
    """Return the value of a structure of class, logical name, attribute and value, with scaler and unit perhaps."""
    if not 4 <= len(element) <= 5 or (one := attribute_in(element)) is None:
        return None
    scale = scaler_unit(element[4]) if len(element) == 5 else None
    if len(element) == 5 and scale is None:  # the fourth is a data index
        index = element[3]
        if type(index) is not int:
            return None
        return PushedValue(dotted(one.logical_name), element[4], one.class_id, one.number, index)
    scaler, unit = scale or (None, None)
    return PushedValue(dotted(one.logical_name), element[3], one.class_id, one.number, 0, scaler, unit)


def _usual_class(name: str) -> int:
    """Return the class of what can hardly be another: a clock, an identifier; 0 for all else."""
    a, _, c, d, *_ = name.split(".")
    if a == "0" and (c, d) == ("1", "0"):
        return CLOCK
    return DATA if a == "0" and c in ("42", "96") else 0
