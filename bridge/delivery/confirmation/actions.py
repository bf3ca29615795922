"""Actions: what a confirmation asks the publisher to do next.

========== =========================================================================================
action     the publisher
========== =========================================================================================
WriteMark  writes a client attribute of the gateway: the mark
Ask        asks for the mark; the answer also accepts everything that was sent before
Stored     lets the outbox remove the rows
PutBack    sends the rows again
Renew      has the upstream make a new session
Wait       sleeps until something happens, or until the time given
========== =========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.delivery.messages import Message


@dataclass(frozen=True, slots=True)
class WriteMark:
    """Write this value."""

    value: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the mark under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Stored:
    """These are known to be stored."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PutBack:
    """It is not known whether these are stored: all that is not confirmed is sent again.

    Args:
        messages: what was sent and is doubtful.
        why: what happened, for the log.
        blamed: those of them that were not accepted when the session ended: one may be what ended it.
        kept: what was accepted and still counts as sent.
        unreadable: those of them of which ThingsBoard said that it cannot read them.
    """

    messages: tuple[Message, ...]
    why: str
    blamed: tuple[Message, ...] = ()
    kept: tuple[Message, ...] = ()
    unreadable: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Renew:
    """The session does not do its part; why is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before ``until_s`` (the publisher's clock); for ever when None."""

    until_s: float | None = None


Action = WriteMark | Ask | Stored | PutBack | Renew | Wait
