"""Actions: what a confirmation asks the publisher to do next.

A confirmation is sans-I/O. The publisher tells it what happened and asks for the next action until it is told to wait:

========== =========================================================================================
action     the publisher
========== =========================================================================================
Hand       takes that many messages from the order and publishes them; tells ``handed`` what it gave
Ask        publishes the fence, the question that ThingsBoard's transport answers itself
Confirm    lets the outbox remove the rows
PutBack    gives the rows back to the order: they are sent again
Reconnect  closes the connection to the broker and opens a new one
Unanswered says that ThingsBoard takes the connection and stays silent
FallBack   goes on with another confirmation: the server does not answer the fence
Wait       sleeps until something happens, or until the time given
========== =========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hand:
    """Hand over at most ``messages`` messages."""

    messages: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the fence under this id."""

    request_id: int


@dataclass(frozen=True, slots=True)
class Confirm:
    """These rows have arrived."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PutBack:
    """These rows may not have arrived.

    Args:
        ids: the rows.
        reason: what happened, for the log.
        blamed: whether ThingsBoard's side failed on them, so that one of them may be what it cannot take.
    """

    ids: tuple[int, ...]
    reason: str
    blamed: bool


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The broker does not do its part; the reason is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """So many fences in a row stayed unanswered on a session that stands."""

    times: int


@dataclass(frozen=True, slots=True)
class FallBack:
    """The server takes traffic and does not answer the fence."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before ``until_s`` (the publisher's clock); for ever when None."""

    until_s: float | None = None


Action = Hand | Ask | Confirm | PutBack | Reconnect | Unanswered | FallBack | Wait
