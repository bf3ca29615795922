"""Reads the most telling attribute of each chosen object. One silent object does not cost the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.cli.objects.access_rights import access_rights
from bridge.cli.register_reading import RegisterReader, RegisterReading
from bridge.dlms.cosem_classes import interface_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.cli.visit import Visit
    from bridge.dlms.object_list import CosemObject


async def read_values(
    talk: Visit, objects: Sequence[CosemObject], association_version: int, tell: Callable[[int, int], None]
) -> dict[tuple[int, str], RegisterReading]:
    """Read the objects one after another and return what was read, by class and logical name.

    Args:
        talk: the association.
        objects: of which.
        association_version: decides what an access mode means; what may not be read is not asked for.
        tell: is told how many are read, and of how many.

    Raises:
        MeterError: the meter answers nothing any more.
    """
    asking = RegisterReader(talk)
    found: dict[tuple[int, str], RegisterReading] = {}
    for done, one in enumerate(objects):
        tell(done, len(objects))
        attribute = interface_class(one.class_id).telling
        stated = access_rights(one.access, association_version)
        if not attribute or (stated is not None and attribute not in stated.read):
            continue
        found[one.class_id, one.logical_name] = await asking.read(one.class_id, one.logical_name, attribute)
    return found
