"""Which load profiles and event logs a meter has: those of its object list, or the usual ones where it shows none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.cli.load_profile_text import FoundHistory, history_of
from bridge.dlms.cosem_classes import PROFILE_GENERIC
from bridge.dlms.history import examine
from bridge.errors import AccessError, LinkError, ReplyTimeout, ServiceError, ValueUnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.register_reading import RegisterReader
    from bridge.cli.visit import Visit
    from bridge.dlms.object_list import CosemObject

_USUAL = ("1.0.99.1.0.255", "0.0.99.98.0.255")
_MOST = 8
"""So many are looked at: each takes ten questions or so."""
_ENOUGH_LOSSES = 2


async def find_histories(
    talk: Visit, asking: RegisterReader, objects: Sequence[CosemObject] | None, *, now_ms: int
) -> list[FoundHistory]:
    """Examine what may be a load profile or an event log, and return what is one.

    Args:
        talk: the association.
        asking: brings it back where a question costs it.
        objects: the object list; None where the meter shows none.
        now_ms: the time, milliseconds since 1970-01-01 UTC.

    Raises:
        MeterError: the association is gone and does not come back.
    """
    names = _USUAL if objects is None else _likely(objects)
    found: list[FoundHistory] = []
    losses = 0
    for name in names[:_MOST]:
        try:
            layout = await talk.carry(examine(talk.session, name, now_ms=now_ms))
        except (AccessError, ValueUnreadableError):
            continue
        except ServiceError as error:
            if error.not_allowed:
                raise
            continue
        except (ReplyTimeout, LinkError) as loss:
            losses += 1
            await asking.again_after(loss)
            if losses == _ENOUGH_LOSSES:
                break
            continue
        if (history := history_of(layout)) is not None:
            found.append(history)
    return found


def _likely(objects: Sequence[CosemObject]) -> list[str]:
    """Return the profiles of an object list, the usual ones first: groups C and D 99.1, 99.2, 99.98, then others."""
    names = [one.logical_name for one in objects if one.class_id == PROFILE_GENERIC]
    return sorted(names, key=lambda name: (name not in _USUAL, ".99." not in name, ".98." in name, name))
