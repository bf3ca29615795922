"""One short MQTT session, to find out what a broker says to it. Translates paho's events; keeps no connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    from paho.mqtt.reasoncodes import ReasonCode

_KEEPALIVE_S = 30
_GOODBYE_S = 1.0
NOT_AUTHORISED = (4, 5, 134, 135)
"""CONNACK codes of MQTT 3.1.1 (3.2.2.3) and of 5: bad user name or password, not authorised."""


class Refused(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """The broker refuses the session.

    Args:
        code: of the CONNACK, as the broker says it in words.
        credentials: whether it is about user name and password.
    """

    def __init__(self, code: str, *, credentials: bool) -> None:
        super().__init__(code)
        self.credentials = credentials


class Session:
    """A session that stands. Made by :func:`session`."""

    def __init__(self, client: mqtt.Client) -> None:
        loop = asyncio.get_running_loop()
        self._client = client
        self._loop = loop
        self._connack: asyncio.Future[ReasonCode] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        """Done when the other side ended it; its result says how."""
        self._messages: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        client.on_connect = lambda _c, _d, _f, code, _p: self._tell(self._settle, self._connack, code)
        client.on_disconnect = lambda _c, _d, _f, code, _p: self._tell(self._settle, self.ended, str(code))
        client.on_message = lambda _c, _d, message: self._tell(
            self._messages.put_nowait, (message.topic, bytes(message.payload))
        )

    def subscribe(self, *topics: str) -> None:
        """Ask for ``topics``, QoS 0."""
        self._client.subscribe([(topic, 0) for topic in topics])

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message, QoS 1."""
        self._client.publish(topic, payload, qos=1)

    async def message(self, prefix: str, within_s: float) -> bytes | None:
        """Return the next message on a topic that begins with ``prefix``; None when none came or the session ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    topic, payload = await self._messages.get()
                    if topic.startswith(prefix):
                        return payload
        return None

    async def ends(self, within_s: float) -> bool:
        """Return whether the other side ends the session within this time."""
        done, _ = await asyncio.wait((self.ended,), timeout=within_s)
        return bool(done)

    async def stands(self) -> None:
        """Wait for the broker's word.

        Raises:
            Refused: it says no.
            ConnectionError: it ended the connection without a word.
        """
        await asyncio.wait((self._connack, self.ended), return_when=asyncio.FIRST_COMPLETED)
        if not self._connack.done():
            raise ConnectionError(self.ended.result())
        code = self._connack.result()
        if code.is_failure:
            raise Refused(str(code), credentials=code.value in NOT_AUTHORISED)

    def _tell(self, what: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(what, *args)

    def _settle(self, future: asyncio.Future[Any], result: object) -> None:
        if not future.done():
            future.set_result(result)


@asynccontextmanager
async def session(
    host: str, port: int, *, name: str, user: str = "", password: str = "", tls: ssl.SSLContext | None = None,
    within_s: float = 10.0,
) -> AsyncIterator[Session]:  # fmt: skip
    """Open a session for as long as the context lasts, and end it in order.

    Args:
        host: name or address of the broker.
        port: its TCP port.
        name: client id.
        user: user name; empty for none.
        password: empty for none.
        tls: how to encrypt; None for plain TCP.
        within_s: for the connection and the broker's word.

    Raises:
        Refused: the broker refuses the session.
        TimeoutError: it takes the connection and says nothing.
        OSError: there is no connection, or it ended without a word.
    """
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311, reconnect_on_failure=False
    )
    client.connect_timeout = within_s
    if user:
        client.username_pw_set(user, password or None)
    if tls is not None:
        client.tls_set_context(tls)
    one = Session(client)
    try:
        opening = asyncio.ensure_future(asyncio.to_thread(client.connect, host, port, _KEEPALIVE_S))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait((opening,))  # a socket must not outlive its owner
            raise
        client.loop_start()
        async with asyncio.timeout(within_s):
            await one.stands()
        yield one
    finally:
        client.disconnect()
        stopping = asyncio.ensure_future(asyncio.to_thread(client.loop_stop))
        await asyncio.wait((stopping,), timeout=_GOODBYE_S)
