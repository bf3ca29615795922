"""A meter's object list: the request for it, and what stands in it, by logical or by short names. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bridge.dlms import xdlms
from bridge.dlms.cosem_classes import ASSOCIATION_LN
from bridge.errors import AssociationError

if TYPE_CHECKING:
    from bridge.dlms.axdr import Raw
    from bridge.dlms.xdlms import ServiceRequest

SHORT_NAME_OF_ASSOCIATION: Final = 0xFA00
_OBJECT_LIST = xdlms.Attribute(ASSOCIATION_LN, bytes((0, 0, 40, 0, 0, 255)), 2)


class CosemObject(NamedTuple):
    """One line of a meter's object list.

    Args:
        class_id: interface class.
        version: of the class.
        logical_name: six groups with dots.
        base_name: its short name; 0 with logical names.
        access: the access rights as the list states them; None with short names.
    """

    class_id: int
    version: int
    logical_name: str
    base_name: int = 0
    access: Raw = None


def request_for_objects(*, by_short_names: bool) -> ServiceRequest:
    """Return the request for the object list of the association that stands."""
    return xdlms.read([SHORT_NAME_OF_ASSOCIATION + 8]) if by_short_names else xdlms.get(_OBJECT_LIST)


def objects_in(value: Raw, *, by_short_names: bool) -> list[CosemObject]:
    """Return the objects that the list holds; lines that make no sense are passed over.

    Raises:
        AssociationError: it is no list.
    """
    if not isinstance(value, list):
        raise AssociationError("does not show its object list to this client")
    # SN: base name, class, version, logical name; LN: class, version, logical name, access rights.
    skip = 1 if by_short_names else 0
    rows = (row for row in value if isinstance(row, list) and len(row) > skip + 2)
    return [
        CosemObject(
            class_id,
            version,
            ".".join(map(str, name)),
            row[0] & 0xFFFF if by_short_names and isinstance(row[0], int) else 0,
            row[3] if not by_short_names and len(row) > 3 else None,
        )
        for row, (class_id, version, name) in ((row, row[skip : skip + 3]) for row in rows)
        if isinstance(class_id, int) and isinstance(version, int) and isinstance(name, bytes)
    ]


def short_names_in(value: Raw) -> dict[bytes, int]:
    """Return base names by logical name.

    Raises:
        AssociationError: there are none.
    """
    names: dict[bytes, int] = {}
    if isinstance(value, list):
        for row in value:
            if isinstance(row, list) and len(row) == 4 and type(row[0]) is int and isinstance(row[3], bytes):
                names[row[3]] = row[0] & 0xFFFF
    if not names:
        raise AssociationError("does not show its short names", hint="is it referenced by logical names (ln)?")
    return names
