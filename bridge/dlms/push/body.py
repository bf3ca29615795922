"""What a pushed body holds: values, each with the name that the body gives it, or none. Pure.

Bodies are as each maker or companion standard likes them (class 40 of IEC 62056-6-2 says only what is in them):

    object list first   the first element says class, logical name and attribute of each element; the values follow
    pairs               a logical name, then its value; scaler and unit as a third perhaps; flat, or each in a structure
    attributes          class, logical name, attribute and value in a structure each
    values alone        whoever set the push up knows the order: ``columns``
    rows                several times the values alone, as of a load profile: ``columns``

Rules
    A body that names its values is believed. A value that nobody names is handed back as such and never given a name by
    its place alone; where an object list and the values do not match in number, nothing has a name.
    The logical name of a push setup names no value: it says what sent the body.
    Values come as they were encoded; a scaler and unit are given only where the body states them for this very value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.dlms.cosem_classes import WITH_SCALER, interface_class
from bridge.dlms.push.named_values import NamedValues
from bridge.dlms.push.pushed_value import (
    PushedValue,
    dotted,
    is_logical_name,
    is_push_setup,
    object_list,
    scaler_unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

    from bridge.dlms.axdr import Raw
    from bridge.dlms.push.notification import Notification
    from bridge.dlms.push.pushed_value import ListedObject
    from bridge.dlms.xdlms import Attribute

PUSH_SETUP: Final = 40
_LONGEST_NAME: Final = 64
_NAMING: Final = {("0", "42", "0"): 0, ("0", "96", "1"): 1, ("1", "0", "0"): 2, ("1", "96", "1"): 3}
"""Groups A, C and D of what says whose a body is, by rank: device name, device number, the electricity meter's."""


@dataclass(frozen=True, slots=True)
class PushedBody:
    """What a body holds.

    Args:
        values: those with names, in their order.
        rows: sets of values, each of its own time, which is the one of class 8 among them; where the body is such.
        unnamed: values that nothing names. Say that an order is wanted for them, and show how many they are.
        objects: the object list, where the body begins with one: an order for bodies without.
        setup: logical name of the push setup that sent it; empty where the body does not say.
    """

    values: tuple[PushedValue, ...] = ()
    rows: tuple[tuple[PushedValue, ...], ...] = ()
    unnamed: tuple[Raw, ...] = ()
    objects: tuple[Attribute, ...] = ()
    setup: str = ""


def pushed_body(notification: Notification, columns: Sequence[Attribute] = ()) -> PushedBody:
    """Return the values of a notification.

    Args:
        notification: opened.
        columns: what values without names are, in their order: from a profile, or attribute 2 of the push setup. Give
            them wherever they are known; a body that names its values needs none.
    """
    if notification.subject is not None:
        return PushedBody(tuple(_of_attribute(notification.subject, notification.body)))
    body = _unwrapped(notification.body)
    if objects := object_list(body[0]):
        return _by_objects(body, objects)
    if (objects := object_list(body)) and not any(one.data_index for one in objects):  # nothing but an object list
        return PushedBody(objects=tuple(one.attribute for one in objects))
    setup = next((dotted(part) for part in body if is_push_setup(part)), "")
    if columns and _fits(body, columns):
        return replace(_by_columns(body, columns), setup=setup)
    named = NamedValues()
    named.look(body)
    if named.values:
        return PushedBody(_with_scalers(named.values), unnamed=tuple(named.rest), setup=setup)
    return replace(_by_columns(body, columns), setup=setup)


def _unwrapped(body: Raw) -> list[Raw]:
    """Return the elements of a body that may stand in a structure or array of one."""
    while isinstance(body, list) and len(body) == 1 and isinstance(body[0], list) and body[0]:
        body = body[0]
    return body if isinstance(body, list) and body else [body]


def names_in(body: PushedBody) -> tuple[str, ...]:
    """Return what may be the meter's name in a body, the likeliest first: 0-0:42.0.0, 0-x:96.1.x, then plain text."""
    by_rank: list[tuple[int, str]] = []
    for value in body.values:
        a, _, c, d, *_ = value.logical_name.split(".")
        rank = _NAMING.get((a, c, d))
        if rank is not None and (name := _text(value.value)):
            by_rank.append((rank, name))
    by_rank += [(len(_NAMING), name) for raw in body.unnamed if (name := _text(raw))]
    return tuple(dict.fromkeys(name for _, name in sorted(by_rank, key=lambda one: one[0])))


def _text(raw: Raw) -> str:
    if not isinstance(raw, bytes | str) or not 0 < len(raw) <= _LONGEST_NAME:
        return ""
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else raw
    return text.strip() if text.isprintable() and text.isascii() else ""


def _by_objects(body: list[Raw], objects: list[ListedObject]) -> PushedBody:
    """Put the values to an object list at the beginning, which may list itself."""
    attributes = tuple(one.attribute for one in objects)
    setup = next((dotted(one.logical_name) for one in attributes if one.class_id == PUSH_SETUP), "")
    rest = body[1:]
    is_listed = len(rest) == len(objects) - 1 and attributes[0].class_id == PUSH_SETUP
    if len(rest) != len(objects) - is_listed:  # which value is which, nobody can tell
        return PushedBody(unnamed=tuple(rest), objects=attributes, setup=setup)
    pairs = zip(objects[is_listed:], rest, strict=True)
    values = [value for one, raw in pairs for value in _of_attribute(one.attribute, raw, one.data_index)]
    return PushedBody(_with_scalers(values), objects=attributes, setup=setup)


def _fits(body: list[Raw], columns: Sequence[Attribute]) -> bool:
    """Return whether values without names may be these: as many, and logical names only where they are the value."""
    return len(body) == len(columns) and all(
        one.number == 1 for one, raw in zip(columns, body, strict=True) if is_logical_name(raw)
    )


def _by_columns(body: list[Raw], columns: Sequence[Attribute]) -> PushedBody:
    """Put the values to a known order; several times where the body is rows of them."""
    if columns and len(body) == len(columns):
        return PushedBody(_row(body, columns))
    if columns and all(isinstance(row, list) and len(row) == len(columns) for row in body):
        return PushedBody(rows=tuple(_row(row, columns) for row in body if isinstance(row, list)))
    return PushedBody(unnamed=tuple(body))


def _row(row: list[Raw], columns: Sequence[Attribute]) -> tuple[PushedValue, ...]:
    return _with_scalers([value for one, raw in zip(columns, row, strict=True) for value in _of_attribute(one, raw)])


def _of_attribute(one: Attribute, raw: Raw, data_index: int = 0) -> Iterator[PushedValue]:
    """Yield the value of an attribute; each attribute where it stands for all of an object."""
    name = dotted(one.logical_name)
    if one.number or not isinstance(raw, list):
        yield PushedValue(name, raw, one.class_id, one.number or 2, data_index)
        return
    first = 1 if raw and raw[0] == one.logical_name else 2  # with or without the logical name
    for number, part in enumerate(raw, first):
        if number > 1:
            yield PushedValue(name, part, one.class_id, number)


def _with_scalers(values: Sequence[PushedValue]) -> tuple[PushedValue, ...]:
    """Give values the scaler and unit that stand elsewhere in the body as an attribute of the same object."""
    stated = {
        (value.class_id, value.logical_name): scale
        for value in values
        if value.class_id in WITH_SCALER
        and value.attribute == interface_class(value.class_id).scaler_unit
        and (scale := scaler_unit(value.value))
    }
    if not stated:
        return tuple(values)
    return tuple(_scaled_by(stated.get((value.class_id, value.logical_name)), value) for value in values)


def _scaled_by(scale: tuple[int, int] | None, value: PushedValue) -> PushedValue:
    if scale is None or value.attribute not in interface_class(value.class_id).scaled:
        return value
    return value._replace(scaler=scale[0], unit=scale[1])
