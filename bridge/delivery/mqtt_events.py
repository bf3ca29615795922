"""What comes in an MQTT session, from paho's thread to the event loop.

Rules

* It reaches the loop in the order in which it came; the loop is woken once for all that comes until it listens. After
  the end nothing is told any more.
* Codes are MQTT's own, of 5 or of 3.1.1; words are paho's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt import client as mqtt
    from paho.mqtt.reasoncodes import ReasonCode

FAILURE = 0x80
"""Codes from here on are refusals."""
TAKEN_OVER, ADMINISTRATIVE = 0x8E, 0x98
_LOST = 0x80  # paho's code for a connection that ended without a word
_NOT_AUTHORISED = (4, 5, 0x86, 0x87)
_NO_SUCH_VERSION = (1, 0x84)
_UNAVAILABLE = (3, 0x88)


class Ending(NamedTuple):
    """How a session ended: the DISCONNECT's code, or 0x80 where there was none; and in words."""

    code: int
    said: str


class Refused(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """The peer answers and does not begin a session.

    Args:
        code: of the CONNACK.
        said: the same in words.
    """

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code

    @property
    def is_about_credentials(self) -> bool:
        """Whether it is about user name and password."""
        return self.code in _NOT_AUTHORISED

    @property
    def is_about_version(self) -> bool:
        """Whether it does not speak this version of MQTT."""
        return self.code in _NO_SUCH_VERSION

    @property
    def is_temporary(self) -> bool:
        """Whether it says that it is not ready yet."""
        return self.code in _UNAVAILABLE


class MqttListener(Protocol):
    """Who is told what comes in a session; always on the event loop."""

    def puback(self, number: int, code: int, said: str) -> None:
        """The message of this number is acknowledged; from :data:`FAILURE` on it is refused, on MQTT 5 alone."""

    def message(self, topic: str, payload: bytes) -> None:
        """One came."""


class Events:
    """paho's callbacks, from its thread to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: MqttListener) -> None:
        self._loop = loop
        self._listener = listener
        self._connack: asyncio.Future[ReasonCode] = loop.create_future()
        self.over: asyncio.Future[Ending] = loop.create_future()
        """Done when the connection is gone."""
        self._subacks: dict[int, asyncio.Future[bool]] = {}
        self._told: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._is_woken = False
        self.deaf = False
        """Set once the connection was given up: what its thread still says belongs to nobody."""

    def attach(self, client: mqtt.Client) -> None:
        """Have the client's callbacks arrive here."""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    async def connected(self) -> None:
        """Wait for the peer's word.

        Raises:
            Refused: it says no.
            ConnectionError: it ended the connection without a word.
        """
        await asyncio.wait((self._connack, self.over), return_when=asyncio.FIRST_COMPLETED)
        if not self._connack.done():
            raise ConnectionError(f"it ended the connection at once: {self.over.result().said}")
        code = self._connack.result()
        if code.is_failure:
            raise Refused(code.value, str(code))

    def awaits_suback(self, number: int | None) -> asyncio.Future[bool]:
        """Whether a subscription is granted; called on the loop, before its answer can be heard there."""
        future: asyncio.Future[bool] = self._loop.create_future()
        if number is not None:
            self._subacks[number] = future
        return future

    def tell(self, what: Callable[..., object], *args: object) -> None:
        """Hand something to the loop; it is woken once for all that comes until it listens."""
        self._told.append((what, args))
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed: the process ends, and what was in flight is on disk
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        self._is_woken = False  # first: what is told while this runs is either heard here or wakes the loop again
        try:
            while self._told:
                what, args = self._told.popleft()
                if not self.deaf:
                    what(*args)
        finally:
            if self._told:  # one of them failed, which is the loop's to report; the others are heard all the same
                self._loop.call_soon(self._hear)

    def _settle(self, future: asyncio.Future[Any], result: object) -> None:
        if not future.done():
            future.set_result(result)

    def _granted(self, number: int, granted: bool) -> None:
        if (future := self._subacks.pop(number, None)) is not None:
            self._settle(future, granted)

    def _on_connect(self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        self.tell(self._settle, self._connack, code)

    def _on_subscribe(self, _client: object, _data: object, mid: int, codes: list[ReasonCode], _more: object) -> None:
        self.tell(self._granted, mid, not any(code.is_failure for code in codes))

    def _on_disconnect(self, _client: object, _data: object, flags: Any, code: ReasonCode, _more: object) -> None:
        by_peer = flags.is_disconnect_packet_from_server
        said = str(code) if by_peer or code.value != _LOST else "closed without a word"
        self.tell(self._settle, self.over, Ending(code.value if by_peer else _LOST, said))

    def _on_publish(self, _client: object, _data: object, mid: int, code: ReasonCode, _more: object) -> None:
        self.tell(self._listener.puback, mid, code.value, str(code) if code.is_failure else "")

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.tell(self._listener.message, message.topic, bytes(message.payload))
