"""Confirmation: has a sample arrived? What every way of telling has in common, and which one is used.

==================== ============= =====================================================================
ThingsBoard host set ``CONFIRM``   a sample is confirmed by
==================== ============= =====================================================================
no                   any           the local broker's PUBACK (``acknowledged.py``)
yes                  ``fence``     ThingsBoard's answer to a question asked after it (``fence.py``)
yes                  ``puback``    the local PUBACK and a retention time without a break (``retained.py``)
==================== ============= =====================================================================

All are sans-I/O: no socket, no clock, no disk. See ``actions.py`` for the conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.delivery.acknowledged import Acknowledged
from bridge.delivery.fence import ID_SPAN, Fence
from bridge.delivery.retained import Retained

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bridge.delivery.actions import Action
    from bridge.delivery.messages import Message
    from bridge.delivery.pace import Pace
    from bridge.settings import ThingsBoardSettings


class Confirmation(Protocol):
    """Events in by these methods, actions out by :meth:`next`. Times are one monotonic clock's seconds."""

    def broker(self, *, up: bool, now_s: float) -> None:
        """The connection to the local broker came or went."""

    def upstream(self, *, up: bool, now_s: float) -> None:
        """The broker said that its connection to ThingsBoard came or went; also its state at every subscribing."""

    def handed(self, messages: Sequence[Message], now_s: float) -> None:
        """These were published, in this order."""

    def acknowledged(self, message: Message, now_s: float) -> None:
        """The local broker's PUBACK for one of them."""

    def answered(self, request_id: int, now_s: float) -> None:
        """ThingsBoard answered the fence."""

    def relay(self, *, queued: int | None, dropped: int, now_s: float) -> None:
        """What the broker says of its way upstream.

        Args:
            queued: messages that it still holds; None while it has not said.
            dropped: messages that it threw away since the last time.
            now_s: the time.
        """

    def next(self, now_s: float) -> Action:
        """What to do now. Ask again until it is Wait, or a Hand that finds no samples."""


def confirmation(settings: ThingsBoardSettings, pace: Pace, rng: random.Random) -> Confirmation:
    """The confirmation that the settings ask for.

    Args:
        settings: whether there is an upstream.
        pace: the limits that windows and fences keep to.
        rng: where a fence's first number comes from.
    """
    if settings.host is None:
        return Acknowledged()
    if settings.confirm == "puback":
        return Retained(pace)
    return Fence(pace, first_id=rng.randrange(ID_SPAN))
