"""Upstream: the way to ThingsBoard, as the publisher sees it. Only the contract is here.

Whoever implements it owns the connection and keeps it up for ever; it keeps no message. It says three things apart that
are easily mixed: *sent* (handed over, :meth:`Upstream.send`), *accepted* (ThingsBoard's transport has it in its queue,
:meth:`Listener.accepted`) and, which no transport can say, *stored*: that is the confirmation's business.

=================== ==============================================================================================
implementation      a message is accepted when
=================== ==============================================================================================
``mosquitto.py``    ThingsBoard answered a question that was sent after it: the relay has one message in flight
``direct.py``       ThingsBoard acknowledged it itself; several are in flight, and their order is ThingsBoard's
``local.py``        the local broker acknowledged it: no ThingsBoard is configured
``nowhere.py``      it is sent: neither a ThingsBoard nor a local broker is configured
=================== ==============================================================================================
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.messages import Message


class Cause(Enum):
    """What ended a session, as far as ThingsBoard said so."""

    UNKNOWN = "not said"
    """One of the messages on the way may be the reason, or a limit."""
    TAKEN_OVER = "another client connected with the same token"
    ADMINISTRATIVE = "the gateway was deleted, or its token changed"


class RefusalReason(StrEnum):
    """Why ThingsBoard does not take a message. Their names are MQTT 5's; what they mean was recorded."""

    QUOTA = "Quota exceeded"
    """A device that cannot be had, or a limit: then the session is closed right behind it. Others' rows are stored."""
    UNREADABLE = "Payload format invalid"
    """Rows before the unreadable one are stored all the same."""
    TOPIC = "Topic name invalid"
    SPECIFIC = "Implementation specific error"
    """To a question about a device: it cannot be had."""
    OTHER = "another reason"


class Listener(Protocol):
    """Who is told what the upstream does; always on the event loop, in the order in which it happened."""

    def up(self) -> None:
        """A session with ThingsBoard began. A second ``up`` means that a ``down`` was missed: it is one as well."""

    def down(self, why: str, cause: Cause = Cause.UNKNOWN) -> None:
        """The session ended, or the way to it: what is not accepted by now may be anywhere. ``why`` is for people.

        May be told again while there is no session, when there is another reason for that.
        """

    def accepted(self, messages: Sequence[Message]) -> None:
        """ThingsBoard has taken over these and no others: one that was sent before them may still be on the way.

        The relay names each message that an answer accepts; nothing may be concluded of any other.
        """

    def refused(self, message: Message, why: RefusalReason, said: str) -> None:
        """ThingsBoard said of this one that it does not take it, or not all of it. The session stands at this moment.

        Told instead of :meth:`accepted`, and only where :attr:`Upstream.acknowledges`. ``said`` is for people.
        """

    def received(self, topic: str, payload: bytes) -> None:
        """One came from ThingsBoard, under the topic that ThingsBoard used."""


class Upstream(Protocol):
    """See the module's text."""

    acknowledges: bool
    """Whether each message has an acknowledgement of its own, so that no question need be asked behind it."""

    needs_broker: bool
    """Whether messages go through the local broker."""

    @property
    def way(self) -> str:
        """Which way it is, for people; empty where there is no ThingsBoard."""

    @property
    def broker_connected(self) -> bool | None:
        """Whether the local broker is connected; None where there is none."""

    @property
    def token_refused(self) -> bool:
        """Whether ThingsBoard was last heard to say that it does not know the access token."""

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
