"""One pushed value, and what tells that octets are a name, or a list a scaler with its unit. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.xdlms import Attribute

if TYPE_CHECKING:
    from typing import Final

    from bridge.dlms.axdr import Raw

_NAME_BYTES: Final = 6
_MEDIA: Final = frozenset((*range(10), 15))
"""Group A of a logical name."""
_PUSH_SETUP_NAME: Final = (0, 25, 9)
"""Groups A, C and D of a push setup's."""


class PushedValue(NamedTuple):
    """One value.

    Args:
        logical_name: six groups with dots.
        value: as it was encoded.
        class_id: of its object; 0 where the body does not say.
        attribute: which attribute of it.
        data_index: which element of the attribute, counted from 1; 0 for the whole.
        scaler: power of ten of ``value``; None where the body does not say.
        unit: COSEM's number of it (``units.py``); None the same.
    """

    logical_name: str
    value: Raw
    class_id: int = 0
    attribute: int = 2
    data_index: int = 0
    scaler: int | None = None
    unit: int | None = None


class ListedObject(NamedTuple):
    """An element of an object list."""

    attribute: Attribute
    data_index: int


def object_list(raw: Raw) -> list[ListedObject]:
    """Return the object list that ``raw`` is; empty where it is none. Values that are all integers look the same."""
    objects = []
    for entry in raw if isinstance(raw, list) else ():
        if not isinstance(entry, list) or len(entry) < 4 or (one := attribute_in(entry)) is None:
            return []
        if not isinstance(index := entry[3], int) or isinstance(index, bool):
            return []
        objects.append(ListedObject(one, index))
    return objects


def attribute_in(entry: list[Raw]) -> Attribute | None:
    """Return the attribute that the first three elements of a structure describe; None where they do not."""
    class_id, name, attribute = entry[:3]
    if type(class_id) is not int or type(attribute) is not int or not isinstance(name, bytes):
        return None
    if not 0 < class_id <= 0xFFFF or not 0 <= attribute < 0x80 or not is_logical_name(name):
        return None
    return Attribute(class_id, name, attribute)


def scaler_unit(raw: Raw) -> tuple[int, int] | None:
    """Return scaler and unit where ``raw`` can be a scaler_unit: two numbers in their bounds."""
    if not isinstance(raw, list) or len(raw) != 2:
        return None
    scaler, unit = raw
    if type(scaler) is not int or type(unit) is not int or not -0x80 <= scaler < 0x80 or not 0 <= unit < 0x100:
        return None
    return scaler, unit


def is_logical_name(raw: Raw) -> bool:
    """Return whether ``raw`` can be a logical name: six octets of a medium that there is, and no text."""
    return (
        isinstance(raw, bytes)
        and len(raw) == _NAME_BYTES
        and raw[0] in _MEDIA
        and any(raw)
        and not (raw.isascii() and raw.decode().isprintable())
    )


def is_push_setup(raw: Raw) -> bool:
    """Return whether ``raw`` is the logical name of a push setup, which is a value: it says what sent the body."""
    return isinstance(raw, bytes) and len(raw) == _NAME_BYTES and (raw[0], raw[2], raw[3]) == _PUSH_SETUP_NAME


def dotted(name: Raw) -> str:
    """Return a logical name of six octets as six groups with dots."""
    return ".".join(map(str, name)) if isinstance(name, bytes) else ""
