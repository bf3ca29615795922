"""What a client of the demo meter sees: its association object and the list of objects in it, by LN or by SN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSAssociationShortName

from bridge.demo.cosem import array, logical_name, structure, typed, with_attributes

if TYPE_CHECKING:
    from bridge.demo.access import Client

ASSOCIATION = "0.0.40.0.0.255"
_FIRST_BASE_NAME, _BASE_NAMES_AN_OBJECT = 0x2000, 0x80
_ASSOCIATION_BASE_NAME = 0xFA00  # fixed (IEC 62056-6-2)
_READ_ONLY = 1


def give_base_names(items: list[Any]) -> None:
    """Give each object the base name by which SN referencing finds it: room for sixteen attributes."""
    for n, item in enumerate(items):
        item.shortName = _FIRST_BASE_NAME + _BASE_NAMES_AN_OBJECT * n


def seen_by(client: Client, items: list[Any], *, server: int, logical_names: bool) -> list[Any]:
    """Return the objects that ``client`` sees, its association object, made for it, last.

    Args:
        client: who looks.
        items: what the meter has, associations apart.
        server: the meter's address.
        logical_names: LN referencing; False for SN.
    """
    seen = [item for item in items if client.sees is None or item.logicalName in client.sees]
    if logical_names:
        association = GXDLMSAssociationLogicalName(ASSOCIATION)
        association.clientSAP, association.serverSAP = client.address, server
        coded = {
            2: lambda: array([_entry(item) for item in seen]),
            8: lambda: typed(DataType.ENUM, 2),  # associated
        }
    else:
        association = GXDLMSAssociationShortName(ASSOCIATION, _ASSOCIATION_BASE_NAME)
        coded = {
            2: lambda: array([_short_entry(item) for item in seen]),
            3: lambda: array([structure(_base_name(item), _attribute_rights(item), array([])) for item in seen]),
        }
    seen.append(with_attributes(association, coded))
    return seen


def _entry(item: Any) -> bytes:
    """Return the object list element of ``item``: class, version, name, rights (IEC 62056-6-2)."""
    return structure(*_kind(item), structure(_attribute_rights(item), array([])))


def _short_entry(item: Any) -> bytes:
    """Return the object list element of ``item``: base name, class, version, name (IEC 62056-6-2)."""
    return structure(_base_name(item), *_kind(item))


def _kind(item: Any) -> tuple[bytes, bytes, bytes]:
    return (
        typed(DataType.UINT16, int(item.objectType)),
        typed(DataType.UINT8, item.version),
        typed(DataType.OCTET_STRING, logical_name(item.logicalName)),
    )


def _base_name(item: Any) -> bytes:
    return bytes((DataType.INT16,)) + int(item.shortName).to_bytes(2)


def _attribute_rights(item: Any) -> bytes:
    return array(
        [
            structure(typed(DataType.INT8, n + 1), typed(DataType.ENUM, _READ_ONLY), b"\x00")
            for n in range(item.getAttributeCount())
        ]
    )
