"""What is shown of a meter's objects: one list, as a table for people or as one JSON document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.cli.objects.access_rights import access_rights
from bridge.cli.objects.obis_meanings import obis_name
from bridge.dlms.cosem_classes import ASSOCIATION_LN, class_text, interface_class
from bridge.dlms.obis_names import key_of, short_obis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.register_reading import RegisterReading
    from bridge.cli.terminal import Part, Terminal
    from bridge.dlms.object_list import CosemObject

_ASSOCIATION = (ASSOCIATION_LN, "0.0.40.0.0.255")


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A meter's objects.

    Args:
        name: the meter's.
        objects: those that are shown, in order.
        of: how many there are.
        association_version: decides what an access mode means.
        values: what was read, by class and logical name; None when no values were asked for.
    """

    name: str
    objects: Sequence[CosemObject]
    of: int
    association_version: int = 0
    values: Mapping[tuple[int, str], RegisterReading] | None = None

    def plain(self, language: str) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return {"meter": self.name, "of": self.of, "objects": [self._plain(one, language) for one in self.objects]}

    def _plain(self, one: CosemObject, language: str) -> dict[str, Any]:
        stated = access_rights(one.access, self.association_version)
        plain: dict[str, Any] = {
            "class": one.class_id,
            "class_name": interface_class(one.class_id).name,
            "version": one.version,
            "obis": short_obis(one.logical_name),
            "key": key_of(one.logical_name),
            "name": obis_name(one.logical_name, language),
            "access": None if stated is None else stated.plain(),
        }
        if one.base_name:
            plain["base_name"] = one.base_name
        if self.values is not None:
            read = self.values.get((one.class_id, one.logical_name))
            plain["value"] = None if read is None else read.value
            plain["unit"] = "" if read is None else read.unit
            plain["note"] = "" if read is None else read.note
        return plain


def association_version(objects: Sequence[CosemObject]) -> int:
    """Return the version of the association object; 0 when the list does not have it."""
    return next((one.version for one in objects if (one.class_id, one.logical_name) == _ASSOCIATION), 0)


def show_objects(listing: ObjectList, say: Catalogue, terminal: Terminal, *, as_json: bool = False) -> None:
    """Write the list."""
    if as_json:
        for line in json.dumps(listing.plain(say.language), indent=1, ensure_ascii=True).splitlines():
            terminal.say(line)
        return
    header = [say("objects.column.class"), say("objects.column.version"), "OBIS", say("objects.column.name")]
    header.append(say("objects.column.access"))
    if listing.values is not None:
        header += [say("read.column.value"), say("read.column.unit"), ""]
    title = say("objects.title", name=listing.name, count=len(listing.objects), of=listing.of)
    terminal.table(header, [_row(one, listing, say) for one in listing.objects], title=title)
    if any(one.base_name for one in listing.objects):
        terminal.say("  ", (say("objects.short_names"), "dim"))
    else:
        terminal.say("  ", (say("objects.legend"), "dim"))


def _row(one: CosemObject, listing: ObjectList, say: Catalogue) -> list[Part]:
    stated = access_rights(one.access, listing.association_version)
    access = f"{one.base_name:04X}" if one.base_name else "" if stated is None else str(stated)
    row: list[Part] = [
        class_text(one.class_id),
        str(one.version),
        short_obis(one.logical_name),
        obis_name(one.logical_name, say.language) or key_of(one.logical_name),
        access,
    ]
    if listing.values is not None:
        read = listing.values.get((one.class_id, one.logical_name))
        value = "" if read is None or read.value is None else str(read.value)
        row += [value, read.unit if read else "", (read.note if read else "", "warn")]
    return row
