"""What every confirmation answers to. Times are one monotonic clock's seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.messages import Message

Marks = Literal["none", "moving", "standing still", "never come back", "not used"]
"""``none``: no session, or none asked for yet."""


class Confirmation(Protocol):
    """Events in by these methods, actions out by :meth:`next`."""

    patience_s: float
    """How long the line may take for an answer; the publisher keeps it up to date."""
    mark_every_s: float
    """The least time between two marks that limits leave room for; the publisher keeps it up to date."""

    @property
    def marks(self) -> Marks:
        """What the marks do."""

    @property
    def how(self) -> str:
        """How samples are confirmed at present: ``mark``, ``accepted`` or ``puback``."""

    @property
    def seen(self) -> bool:
        """Whether a mark of this ThingsBoard ever came back; worth remembering."""

    @property
    def in_doubt(self) -> int:
        """Messages that were sent and are not known to be stored."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was sent is in doubt."""

    def sent_ids(self) -> list[int]:
        """Rows that count as sent."""

    @property
    def unstored(self) -> int:
        """Samples that were accepted and are not known to be stored."""

    @property
    def answers(self) -> bool:
        """Whether this session has answered anything yet."""

    def up(self, now_s: float) -> None:
        """A session began."""

    def down(self, now_s: float, why: str) -> None:
        """It ended."""

    def room(self, now_s: float) -> int:
        """Samples that may be handed over now."""

    def handed(self, message: Message, now_s: float) -> None:
        """A message that matters was sent."""

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard has taken these over."""

    def refused(self, message: Message, now_s: float, *, is_unreadable: bool) -> None:
        """ThingsBoard does not take this one, or not all of it; ``is_unreadable``: because of what is in it."""

    def answered(self, number: int, value: object, now_s: float) -> None:
        """The answer to :class:`~bridge.delivery.confirmation.actions.Ask` came: the mark as it is over there."""

    def next(self, now_s: float, *, owing: bool, may_speak: bool = True) -> Action:
        """What to do now.

        Args:
            now_s: the time.
            may_speak: whether a mark or a question may be sent now.
            owing: whether something was sent that is not accepted, and nothing more can be sent now: the time to ask.
        """
