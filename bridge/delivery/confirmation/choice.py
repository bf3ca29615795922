"""Which confirmation the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.delivery.confirmation.accepted import RETENTION_S, Accepted
from bridge.delivery.confirmation.marks import Marks

if TYPE_CHECKING:
    import random

    from bridge.configuration.settings import ThingsBoardSettings
    from bridge.delivery.confirmation.protocol import Confirmation
    from bridge.delivery.memory import Memory


_OUTLIVED_S = 0.5


def confirmation(
    settings: ThingsBoardSettings, memory: Memory, rng: random.Random, *, by_own_receipt: bool = False
) -> Confirmation:
    """The confirmation that the settings ask for.

    Args:
        settings: whether there is a ThingsBoard, and how it confirms.
        memory: whether a mark of it ever came back.
        by_own_receipt: whether a message is accepted by its own acknowledgement: past a limit some versions give that,
            and close the session right behind it. What an answer accepts was taken.
        rng: where the numbers of marks and questions begin.
    """
    if settings.host is None:
        return Accepted()
    if settings.confirm == "puback":
        return Accepted(retention_s=RETENTION_S)
    outlived_s = _OUTLIVED_S if by_own_receipt else 0.0
    seen = memory.load().get("marks_seen") is True
    return Marks(first=rng.randrange(1 << 40), seen=seen, used=settings.confirm == "mark", outlived_s=outlived_s)
