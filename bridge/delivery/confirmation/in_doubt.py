"""In doubt: the messages that were sent and are not known to be stored, in the order of sending. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.delivery.confirmation.actions import PutBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bridge.delivery.messages import Message


@dataclass(slots=True)
class _Sent:
    message: Message
    handed_s: float
    accepted_s: float = math.inf


class InDoubt:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}  # by the message's identity, in the order of sending

    def __len__(self) -> int:
        return len(self._sent)

    def __contains__(self, message: Message) -> bool:
        return id(message) in self._sent

    @property
    def messages(self) -> list[Message]:
        """In the order of sending."""
        return [sent.message for sent in self._sent.values()]

    @property
    def rows(self) -> int:
        """How many rows they have."""
        return sum(len(sent.message.ids) for sent in self._sent.values())

    @property
    def accepted_rows(self) -> int:
        """How many of them were accepted."""
        return sum(len(sent.message.ids) for sent in self._sent.values() if sent.accepted_s < math.inf)

    @property
    def first_accepted_s(self) -> float | None:
        """When the first one was accepted, infinite while it was not; None when there is none."""
        first = next(iter(self._sent.values()), None)
        return None if first is None else first.accepted_s

    def handed(self, message: Message, now_s: float) -> None:
        """It was sent."""
        self._sent[id(message)] = _Sent(message, now_s)

    def accepted(self, messages: Iterable[Message], now_s: float) -> bool:
        """ThingsBoard has taken these over; return whether any of them was in doubt."""
        is_any = False
        for message in messages:
            sent = self._sent.get(id(message))
            if sent is not None and sent.accepted_s == math.inf:
                sent.accepted_s = now_s
                is_any = True
        return is_any

    def handed_before(self, at_s: float) -> list[Message]:
        """Those that were sent before that."""
        return [sent.message for sent in self._sent.values() if sent.handed_s < at_s]

    def accepted_by(self, at_s: float) -> list[Message]:
        """Those that were accepted then at the latest."""
        return [sent.message for sent in self._sent.values() if sent.accepted_s <= at_s]

    def ripe(self, is_stored: Callable[[float], bool], *, since_s: float = -math.inf) -> list[Message]:
        """Those that are stored, by when they were accepted, and were sent no sooner than ``since_s``."""
        return [sent.message for sent in self._sent.values() if sent.handed_s >= since_s and is_stored(sent.accepted_s)]

    def ripen_s(self, grace_s: float) -> list[float]:
        """When each was accepted, and a grace has passed."""
        return [sent.accepted_s + grace_s for sent in self._sent.values()]

    def let_go(self, messages: Iterable[Message]) -> None:
        """These are stored."""
        for message in messages:
            del self._sent[id(message)]

    def put_back(
        self,
        why: str,
        only: Sequence[Message] | None = None,
        *,
        kept: Sequence[Message] = (),
        blame: bool = False,
        is_unreadable: bool = False,
    ) -> PutBack | None:
        """These are to be sent again; None when there is nothing to be.

        Args:
            why: what happened, for the log.
            only: these; all without it.
            kept: but not these.
            blame: whether one that was not accepted may be the reason.
            is_unreadable: whether ThingsBoard said that it cannot read them.
        """
        staying = {id(message) for message in kept}
        if only is not None:
            chosen = {id(message) for message in only}
            staying |= {key for key in self._sent if key not in chosen}
        gone = [sent for key, sent in self._sent.items() if key not in staying]
        if not gone:
            return None
        for sent in gone:
            del self._sent[id(sent.message)]
        return PutBack(
            tuple(sent.message for sent in gone),
            why,
            blamed=tuple(sent.message for sent in gone if blame and sent.accepted_s == math.inf),
            kept=tuple(self.messages),
            unreadable=tuple(sent.message for sent in gone if is_unreadable),
        )
