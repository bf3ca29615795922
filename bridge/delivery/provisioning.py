"""Provisioning: a device key and secret become an access token, kept on the data volume; a new one when it dies.

ThingsBoard's device provisioning over MQTT: user name ``provision``, a request on ``/provision/request``, the answer on
``/provision/response``; such a session can do nothing else. The token goes to a file that the broker's container reads,
for the session with ThingsBoard is the broker's; it starts anew when the file holds another.

======================================  ===================================================================
the file                                what is done
======================================  ===================================================================
is not there, is empty, holds no token  a token is asked for until there is one
holds a token, and the upstream is up   nothing
holds a token, and it is down           the token is tried, a session of its own; when ThingsBoard refuses it
                                        by name a new one is asked for
======================================  ===================================================================
"""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from loguru import logger
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bridge.delivery import token_file
from bridge.errors import UpstreamError
from bridge.outage import Outage

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from paho.mqtt.reasoncodes import ReasonCode

    from bridge.settings import ThingsBoardSettings

_REQUEST, _RESPONSE = "/provision/request", "/provision/response"
_PATIENCE_S = 20.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 300.0
_LOOK_EVERY_S = 15.0
_DOWN_FOR_S = 60.0  # a session of the token's own would throw out one that is just coming up
_TRY_EVERY_S = 600.0
_REFUSED = (134, 135)  # bad user name or password, not authorised: of a token that ThingsBoard does not know


def is_wanted(settings: ThingsBoardSettings) -> bool:
    """Return whether the token is got by provisioning: key and secret are set, and no token is."""
    return settings.host is not None and settings.provision_key is not None and settings.token is None


class Provisioning:
    """Sees to it that there is a token that ThingsBoard takes.

    Args:
        settings: with host, key and secret.
        data_dir: where the token is kept.
        is_up: whether the broker's session with ThingsBoard stands.
        rng: jitter.
    """

    def __init__(
        self, settings: ThingsBoardSettings, data_dir: Path, *, is_up: Callable[[], bool], rng: random.Random
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._is_up = is_up
        self._rng = rng

    async def run(self) -> None:
        """See to it until cancelled."""
        down_s, tried_s = 0.0, -_TRY_EVERY_S
        while True:
            token = token_file.kept(self._data_dir)
            if token is None:
                await self.obtain()
                down_s = 0.0
            await asyncio.sleep(_LOOK_EVERY_S)
            down_s = 0.0 if self._is_up() else down_s + _LOOK_EVERY_S
            tried_s += _LOOK_EVERY_S
            if token is not None and down_s >= _DOWN_FOR_S and tried_s >= 0:
                tried_s = -_TRY_EVERY_S
                if await self._is_refused(token):
                    logger.bind(stage="upstream").error(
                        "provisioning | ThingsBoard does not take the token any more that it gave {}: another is "
                        "asked for, samples wait on disk",
                        self._settings.provision_name,
                    )
                    await self.obtain(instead_of=token)
                    down_s = 0.0

    async def obtain(self, instead_of: str | None = None) -> None:
        """Ask until ThingsBoard gives a token, and keep it.

        Args:
            instead_of: the token that it refused; when that is taken again there is nothing to ask for.
        """
        outage, wait_s = Outage("provisioning"), _FIRST_WAIT_S
        while True:
            try:
                await self._asked()
            except UpstreamError as error:
                outage.failed(error)
            else:
                logger.info(
                    "provisioning | ThingsBoard gave {} a token; it is kept on the data volume",
                    self._settings.provision_name,
                )
                return
            await asyncio.sleep(wait_s * self._rng.uniform(0.8, 1.2))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            if instead_of is not None and self._is_up():
                outage.over()
                return

    async def _asked(self) -> None:
        token = await _ask(self._settings)
        try:
            token_file.keep(token, self._data_dir)
        except OSError as error:
            raise UpstreamError(
                f"cannot keep the token: {error}", hint="is the data volume full, read-only or another user's?"
            ) from error

    async def _is_refused(self, token: str) -> bool:
        """Whether ThingsBoard says of the token that it does not know it; a server that is away says nothing."""
        try:
            return await _connack(self._settings, token) in _REFUSED
        except UpstreamError:
            return False


async def _connack(settings: ThingsBoardSettings, token: str) -> int:
    """Open a session with the token, close it, and return the reason code that ThingsBoard gave.

    Raises:
        UpstreamError: nothing.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[int] = loop.create_future()

    def settle(said: int) -> None:
        if not answered.done():
            answered.set_result(said)

    def on_connect(_one: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        loop.call_soon_threadsafe(settle, reason.value)

    client = _client(settings, token)
    client.on_connect = on_connect
    async with _connected(client, settings, "whether it knows the token"):
        return await answered


async def _ask(settings: ThingsBoardSettings) -> str:
    """One attempt.

    Raises:
        UpstreamError: no answer, or a refusal. Ask again later.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()
    request = json.dumps(
        {
            "deviceName": settings.provision_name,
            "provisionDeviceKey": settings.provision_key.get_secret_value() if settings.provision_key else "",
            "provisionDeviceSecret": settings.provision_secret.get_secret_value() if settings.provision_secret else "",
        }
    )

    def settle(payload: bytes) -> None:
        if not answered.done():
            answered.set_result(payload)

    def on_message(_one: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        loop.call_soon_threadsafe(settle, bytes(message.payload))

    def on_connect(one: mqtt.Client, *_: Any) -> None:
        one.subscribe(_RESPONSE)

    client = _client(settings, "provision")
    client.on_connect = on_connect
    client.on_subscribe = lambda one, *_: one.publish(_REQUEST, request, qos=1)
    client.on_message = on_message
    async with _connected(client, settings, "the request for a token"):
        return _token(await answered)


def _client(settings: ThingsBoardSettings, user: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311, reconnect_on_failure=False)
    client.username_pw_set(user)
    if settings.tls:
        client.tls_set_context(_trusting(settings.ca_file))
    return client


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one, too: a file that is no certificate
        why = "is no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UpstreamError(
            f"THINGSBOARD__CA_FILE={ca_file}: {why}", hint="put the authority's certificate in ./config"
        ) from error


@asynccontextmanager
async def _connected(client: mqtt.Client, settings: ThingsBoardSettings, what: str) -> AsyncIterator[None]:
    """A connection while it lasts, and patience; the library's errors become the bridge's."""
    host, port = settings.host or "", settings.port or (8883 if settings.tls else 1883)
    try:
        await asyncio.to_thread(client.connect, host, port, 30)
        client.loop_start()
        async with asyncio.timeout(_PATIENCE_S):
            yield
    except TimeoutError:
        raise UpstreamError(
            f"{host}:{port} does not answer {what}",
            hint="does the device profile allow provisioning? are THINGSBOARD__PROVISION_KEY and _SECRET its own?",
        ) from None
    except OSError as error:
        raise UpstreamError(
            f"{host}:{port}: {error.strerror or error}", hint="check THINGSBOARD__HOST and _PORT"
        ) from error
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def _token(payload: bytes) -> str:
    try:
        match json.loads(payload):
            case {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": str(token)} if token:
                return token
            case {"status": status, **rest}:
                said = f"{status}: {rest.get('errorMsg', rest.get('credentialsType', ''))}"
                raise UpstreamError(
                    f"ThingsBoard gives no token ({said})",
                    hint="a device of this name may exist already: delete it in ThingsBoard, or choose another "
                    "THINGSBOARD__PROVISION_NAME, or set its token as THINGSBOARD__TOKEN",
                )
    except ValueError as error:
        raise UpstreamError("ThingsBoard's answer to the request for a token cannot be read") from error
    raise UpstreamError("ThingsBoard's answer to the request for a token holds none")
