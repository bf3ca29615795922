"""The connection to ThingsBoard itself: made, kept, made again for ever.

Owns the attempts, their backoff, the version of MQTT and the token, which is read anew before every attempt because
provisioning may have got another. Keeps no message. Says how a session ended or why none begins in words that a
technician can act on; what they mean for messages is the caller's.

=================  ==========================================================================
version of MQTT    when
=================  ==========================================================================
5                  at first
3.1.1              from the moment on in which the server says that it does not speak 5
=================  ==========================================================================
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.delivery import address
from bridge.delivery.mqtt_client import MQTT_3, MQTT_5, session
from bridge.delivery.mqtt_events import ADMINISTRATIVE, TAKEN_OVER, Refused
from bridge.delivery.upstream import Cause
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from bridge.configuration.settings import ThingsBoardSettings
    from bridge.delivery.mqtt_client import Level, MqttSession
    from bridge.delivery.mqtt_events import Ending

_BACKOFF_S, _BACKOFF_CAP_S = 1.0, 5.0
_REFUSED_WAIT_S = 15.0
"""A token that is not known does not get known by asking often."""
_STABLE_S = 10.0  # a session that held so long begins the backoff anew
_CAUSES = {TAKEN_OVER: Cause.TAKEN_OVER, ADMINISTRATIVE: Cause.ADMINISTRATIVE}
_IN_WORDS = {
    Cause.TAKEN_OVER: "ThingsBoard ended the session: another client connected with the same token",
    Cause.ADMINISTRATIVE: "ThingsBoard ended the session: the gateway device was deleted, or its token changed",
}
NOT_KNOWN = (
    "ThingsBoard does not know the access token: was the gateway device deleted, or its token changed? copy it again "
    "from the device's credentials"
)
NO_TOKEN = (
    "there is no access token yet: provisioning asks ThingsBoard for one, "  # noqa: S105 - words
    "or bridge thingsboard apply --yes"
)


class ConnectionListener(Protocol):
    """Who is told what ThingsBoard does; always on the event loop."""

    def session_up(self) -> None:
        """A session stands, and the subscriptions are sent."""

    def session_down(self, why: str, cause: Cause) -> None:
        """It ended, or none begins. Told again only when there is another reason."""

    def puback(self, number: int, code: int, said: str) -> None:
        """As :meth:`bridge.delivery.mqtt_events.MqttListener.puback`."""

    def message(self, topic: str, payload: bytes) -> None:
        """One came."""


class ThingsBoardConnection:
    """See the module's text.

    Args:
        settings: with a host.
        token: gives the access token as it is now; None while there is none.
        topics: what to subscribe to, QoS 1, in every session.
        rng: jitter of the backoff.
    """

    def __init__(
        self,
        settings: ThingsBoardSettings,
        *,
        token: Callable[[], str | None],
        topics: Sequence[str],
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._token = token
        self._topics = topics
        self._rng = rng
        self._level: Level = MQTT_5
        self._session: MqttSession | None = None
        self._leave = asyncio.Event()
        self._said = ""
        self._refused_token: str | None = None

    @property
    def token_refused(self) -> bool:
        """Whether ThingsBoard said of the token as it is now that it does not know it."""
        return self._refused_token is not None and self._refused_token == self._token()

    @property
    def version(self) -> str:
        """Of MQTT, for people."""
        return "MQTT 5" if self._level == MQTT_5 else "MQTT 3.1.1"

    def publish(self, topic: str, payload: bytes) -> int | None:
        """Send a message, QoS 1; returns the number that its acknowledgement will have, None without a session."""
        return None if self._session is None else self._session.publish(topic, payload)

    def drop(self) -> None:
        """End this session, and tell nobody; :meth:`run` makes the next one at once."""
        self._leave.set()

    async def run(self, listener: ConnectionListener) -> None:
        """Connect, stay connected, connect again. Runs until cancelled; then it disconnects in order."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began_s, wait_s = loop.time(), 0.0
            try:
                await self._connection(listener)
            except Refused as refusal:
                if refusal.is_about_version and self._level == MQTT_5:
                    logger.info("upstream | ThingsBoard does not speak MQTT 5 ({}): 3.1.1 from now on", refusal)
                    self._level = MQTT_3
                    continue
                self._refused(listener, refusal)
                wait_s = _REFUSED_WAIT_S if refusal.is_about_credentials else _BACKOFF_CAP_S
            except UpstreamError as error:
                self._say(listener, f"{error}; {error.hint}" if error.hint else str(error))
                wait_s = _BACKOFF_CAP_S
            except (TimeoutError, OSError) as error:
                self._say(listener, self._no_connection(error))
            else:
                if self._leave.is_set():
                    failures = 0
                    continue
            failures = 1 if loop.time() - began_s > _STABLE_S else failures + 1
            wait_s = wait_s or min(_BACKOFF_S * 2 ** min(failures - 1, 10), _BACKOFF_CAP_S)
            await asyncio.sleep(wait_s * self._rng.uniform(0.5, 1.0))

    async def _connection(self, listener: ConnectionListener) -> None:
        """One session, from its first packet to its last.

        Raises:
            Refused: there is none.
            UpstreamError: there can be none.
            OSError: nobody answers.
        """
        token = self._token()
        if token is None and self._settings.cert_file is None:
            raise UpstreamError(NO_TOKEN)
        ear = _Ear(listener)
        async with session(address.peer(self._settings, token, level=self._level), ear) as one:
            await self._stay(one, ear)

    async def _stay(self, one: MqttSession, ear: _Ear) -> None:
        self._leave.clear()
        self._session = one
        self._said, self._refused_token = "", None
        one.subscribe(self._topics, qos=1)
        ear.listener.session_up()
        leaving = asyncio.create_task(self._leave.wait())
        try:
            await asyncio.wait((one.over, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._session = None
            ear.is_over = True
            if not self._leave.is_set():  # else whoever had it ended knows
                self._ended(ear.listener, one.over.result() if one.over.done() else None)

    def _ended(self, listener: ConnectionListener, ending: Ending | None) -> None:
        if ending is None:
            listener.session_down("the bridge stops", Cause.UNKNOWN)
            return
        cause = _CAUSES.get(ending.code, Cause.UNKNOWN)
        self._say(listener, _IN_WORDS.get(cause, f"ThingsBoard ended the session: {ending.said}"), cause)

    def _refused(self, listener: ConnectionListener, refusal: Refused) -> None:
        self._refused_token = self._token() if refusal.is_about_credentials else None
        if refusal.is_about_credentials:
            self._say(listener, f"{NOT_KNOWN} ({refusal})")
        elif refusal.is_temporary:
            self._say(listener, f"ThingsBoard is there and not ready yet ({refusal})")
        else:
            self._say(listener, f"ThingsBoard begins no session: {refusal}")

    def _no_connection(self, error: OSError) -> str:
        where = f"{self._settings.host}:{self._settings.port or (8883 if self._settings.tls else 1883)}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"no connection to ThingsBoard: {where}: its certificate is not trusted: {error.verify_message}"
        if isinstance(error, TimeoutError):
            return f"no connection to ThingsBoard: {where} takes the connection and does not answer"
        return f"no connection to ThingsBoard: {where}: {error.strerror or error}"

    def _say(self, listener: ConnectionListener, why: str, cause: Cause = Cause.UNKNOWN) -> None:
        if why != self._said:
            self._said = why
            listener.session_down(why, cause)


class _Ear:
    """What comes in one session; deaf once it is given up."""

    def __init__(self, listener: ConnectionListener) -> None:
        self.listener = listener
        self.is_over = False

    def puback(self, number: int, code: int, said: str) -> None:
        """Pass it on."""
        if not self.is_over:
            self.listener.puback(number, code, said)

    def message(self, topic: str, payload: bytes) -> None:
        """Pass it on."""
        if not self.is_over:
            self.listener.message(topic, payload)
