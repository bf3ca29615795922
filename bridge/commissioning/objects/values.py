"""What chosen objects hold: of each class the attribute that tells most. One that is silent costs none of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.commissioning.objects.classes import WORTH_A_LOOK
from bridge.commissioning.objects.rights import rights
from bridge.commissioning.probing.registers import Asking, Read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.commissioning.probing.meeting import Talk
    from bridge.meters.session import CosemObject


async def values(
    talk: Talk, objects: Sequence[CosemObject], association_version: int, tell: Callable[[int, int], None]
) -> dict[tuple[int, str], Read]:
    """Read the objects one after another and return what was read, by class and logical name.

    Args:
        talk: the association.
        objects: of which.
        association_version: decides what an access mode means; what may not be read is not asked for.
        tell: is told how many are read, and of how many.

    Raises:
        MeterError: the meter answers nothing any more.
    """
    asking = Asking(talk)
    found: dict[tuple[int, str], Read] = {}
    for done, one in enumerate(objects):
        tell(done, len(objects))
        attribute = WORTH_A_LOOK.get(one.class_id)
        stated = rights(one.access, association_version)
        if attribute is None or (stated is not None and attribute not in stated.read):
            continue
        found[one.class_id, one.logical_name] = await asking.read(one.class_id, one.logical_name, attribute)
    return found
