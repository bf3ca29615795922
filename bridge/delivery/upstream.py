"""Upstream: the way to ThingsBoard, as the publisher sees it. Only the contract is here.

Whoever implements it owns the connection and keeps it up for ever; it keeps no message. It says three things apart that
are easily mixed: *sent* (handed over, :meth:`Upstream.send`), *accepted* (ThingsBoard's transport has it in its queue,
:meth:`Listener.accepted`) and, which no transport can say, *stored*: that is the confirmation's business.

=================== ==============================================================================================
implementation      a message is accepted when
=================== ==============================================================================================
``mosquitto.py``    ThingsBoard answered a question that was sent after it: the relay has one message in flight
``local.py``        the local broker acknowledged it: no ThingsBoard is configured
=================== ==============================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.messages import Message


class Listener(Protocol):
    """Who is told what the upstream does; always on the event loop, in the order in which it happened."""

    def up(self) -> None:
        """A session with ThingsBoard began. A second ``up`` means that a ``down`` was missed: it is one as well."""

    def down(self, why: str) -> None:
        """The session ended, or the way to it: what is not accepted by now may be anywhere. ``why`` is for people."""

    def accepted(self, messages: Sequence[Message]) -> None:
        """ThingsBoard has taken these over, and everything that was sent before them."""

    def refused(self, message: Message, why: str) -> None:
        """ThingsBoard said that it does not take this one. The session stands."""

    def received(self, topic: str, payload: bytes) -> None:
        """One came from ThingsBoard, under the topic that ThingsBoard used."""


class Upstream(Protocol):
    """See the module's text."""

    @property
    def connected(self) -> bool:
        """Whether :meth:`send` leads anywhere now."""

    @property
    def room(self) -> int:
        """How many messages more it takes now without piling them up."""

    async def run(self, listener: Listener) -> None:
        """Connect, stay connected, connect again; until cancelled."""

    def send(self, message: Message) -> None:
        """Hand over a message, in order; returns at once. Without a connection it is dropped: ``down`` was told."""

    def show(self, topic: str, payload: bytes) -> None:
        """Put the retained live copy before local subscribers, where there is a local broker; dropped without one."""

    def renew(self, why: str) -> None:
        """End the session and make a new one that holds nothing of the old."""
