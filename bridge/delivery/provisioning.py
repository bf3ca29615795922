"""Provisioning: a device key and secret become an access token, once; the token is kept on the data volume.

ThingsBoard's device provisioning over MQTT: user name ``provision``, a request on ``/provision/request``, the answer on
``/provision/response``; such a session can do nothing else. The token goes to a file that the broker's container reads,
for the session with ThingsBoard is the broker's.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from typing import TYPE_CHECKING, Any

from loguru import logger
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bridge.delivery.outage import Outage
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from bridge.settings import ThingsBoardSettings

TOKEN_FILE = "thingsboard.token"  # noqa: S105 - a file's name
_REQUEST, _RESPONSE = "/provision/request", "/provision/response"
_PATIENCE_S = 20.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 300.0


def is_wanted(settings: ThingsBoardSettings, data_dir: Path) -> bool:
    """Return whether a token must be asked for: key and secret are set, and there is none yet."""
    return settings.provision_key is not None and settings.token is None and not (data_dir / TOKEN_FILE).exists()


async def provision(settings: ThingsBoardSettings, data_dir: Path, rng: random.Random) -> None:
    """Ask until ThingsBoard gives a token, and keep it. Returns when the token is on disk."""
    outage, wait_s = Outage("provisioning"), _FIRST_WAIT_S
    while True:
        try:
            token = await _ask(settings)
            _keep(token, data_dir / TOKEN_FILE)
        except (UpstreamError, OSError) as error:
            outage.failed(
                error if isinstance(error, UpstreamError) else UpstreamError(f"cannot keep the token: {error}")
            )
        else:
            logger.info(
                "provisioning | ThingsBoard gave {} a token; it is kept on the data volume", settings.provision_name
            )
            return
        await asyncio.sleep(wait_s * rng.uniform(0.8, 1.2))
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _keep(token: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)  # noqa: PTH105 - atomic by name
    _let_the_broker_read(path)


def _let_the_broker_read(path: Path) -> None:
    """Give the file to Mosquitto's group, which this process is in inside the stack and nowhere else."""
    mosquitto = 1883
    if mosquitto in os.getgroups():
        os.chown(path, -1, mosquitto)


async def _ask(settings: ThingsBoardSettings) -> str:
    """One attempt.

    Raises:
        UpstreamError: no answer, or a refusal. Ask again later.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311, reconnect_on_failure=False)
    client.username_pw_set("provision")
    if settings.tls:
        client.tls_set_context(ssl.create_default_context(cafile=settings.ca_file))
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

    client.on_connect = on_connect
    client.on_subscribe = lambda one, *_: one.publish(_REQUEST, request, qos=1)
    client.on_message = on_message
    host, port = settings.host or "", settings.port or (8883 if settings.tls else 1883)
    try:
        await asyncio.to_thread(client.connect, host, port, 30)
        client.loop_start()
        async with asyncio.timeout(_PATIENCE_S):
            return _token(await answered)
    except TimeoutError:
        raise UpstreamError(
            f"{host}:{port} does not answer the request for a token",
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
                    hint="a device of this name may exist: choose another THINGSBOARD__PROVISION_NAME, or remove it",
                )
    except ValueError as error:
        raise UpstreamError("ThingsBoard's answer to the request for a token cannot be read") from error
    raise UpstreamError("ThingsBoard's answer to the request for a token holds none")
