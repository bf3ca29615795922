"""Provisioning: a device key and secret become an access token, kept on the data volume; a new one when it dies.

ThingsBoard's device provisioning over MQTT: user name ``provision``, a request on ``/provision/request``, the answer on
``/provision/response``; such a session can do nothing else. The token goes to a file that the broker's container reads,
where the session with ThingsBoard is the broker's; it starts anew when the file holds another.

======================================  ===================================================================
the file                                what is done
======================================  ===================================================================
is not there, is empty, holds no token  a token is asked for until there is one
holds a token                           nothing, until ThingsBoard is heard to refuse it by name: then a new one
                                        is asked for
======================================  ===================================================================

In gateway mode a gateway is asked for, so that nobody has to mark the new device. What ThingsBoard refuses is said as
precisely as its answer lets one (recorded in the model's tests).
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from loguru import logger

from bridge.delivery import address, token_file
from bridge.delivery.mqtt_client import MQTT_3, session
from bridge.delivery.mqtt_events import Refused
from bridge.errors import UpstreamError
from bridge.log_lines import Outage

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from bridge.configuration.settings import ThingsBoardSettings

_REQUEST, _RESPONSE = "/provision/request", "/provision/response"
_PATIENCE_S = 20.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 300.0
_LOOK_EVERY_S = 15.0


def is_wanted(settings: ThingsBoardSettings) -> bool:
    """Return whether the token is got by provisioning: key and secret are set, and no token is."""
    return settings.host is not None and settings.provision_key is not None and settings.token is None


class Provisioning:
    """Sees to it that there is a token that ThingsBoard takes.

    Args:
        settings: with host, key and secret.
        data_dir: where the token is kept.
        is_up: whether a session with ThingsBoard stands.
        is_refused: whether ThingsBoard said that it does not know the token.
        rng: jitter.
    """

    def __init__(
        self,
        settings: ThingsBoardSettings,
        data_dir: Path,
        *,
        is_up: Callable[[], bool],
        is_refused: Callable[[], bool],
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._is_up = is_up
        self._is_refused = is_refused
        self._rng = rng

    async def run(self) -> None:
        """See to it until cancelled."""
        while True:
            token = token_file.kept(self._data_dir)
            if token is None:
                await self.obtain()
            elif self._is_refused():
                logger.bind(stage="upstream").error(
                    "provisioning | ThingsBoard does not take the token any more that it gave {}: another is "
                    "asked for, samples wait on disk",
                    self._settings.provision_name,
                )
                await self.obtain(instead_of=token)
            await asyncio.sleep(_LOOK_EVERY_S)

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


async def _ask(settings: ThingsBoardSettings) -> str:
    """One attempt.

    Raises:
        UpstreamError: no answer, or a refusal. Ask again later.
    """
    peer = address.peer(settings, "provision", level=MQTT_3)
    where = f"{peer.host}:{peer.port}"
    request: dict[str, object] = {
        "deviceName": settings.provision_name,
        "provisionDeviceKey": settings.provision_key.get_secret_value() if settings.provision_key else "",
        "provisionDeviceSecret": settings.provision_secret.get_secret_value() if settings.provision_secret else "",
    }
    if settings.mode == "gateway":
        request["gateway"] = True
    ear = _Ear()
    try:
        async with session(peer, ear) as one, asyncio.timeout(_PATIENCE_S):
            await one.subscribe([_RESPONSE], qos=1)
            one.publish(_REQUEST, json.dumps(request).encode())
            await asyncio.wait((ear.answer, one.over), return_when=asyncio.FIRST_COMPLETED)
            if not ear.answer.done():
                raise UpstreamError(
                    f"{where} ends the session at the request for a token", hint="does it let devices be provisioned?"
                )
            return _token(ear.answer.result(), settings.provision_name)
    except Refused as refusal:
        raise UpstreamError(
            f"{where} lets nobody ask for a token: {refusal}",
            hint="provisioning needs ThingsBoard 3.2 or newer, and THINGSBOARD__PORT to be its MQTT port",
        ) from refusal
    except TimeoutError:
        raise UpstreamError(
            f"{where} does not answer the request for a token",
            hint="does the device profile allow provisioning? is THINGSBOARD__PORT ThingsBoard's MQTT port?",
        ) from None
    except OSError as error:
        raise UpstreamError(f"{where}: {error.strerror or error}", hint="check THINGSBOARD__HOST and _PORT") from error


class _Ear:
    """The one answer that such a session has."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def puback(self, number: int, code: int, said: str) -> None:
        """The answer says it."""

    def message(self, topic: str, payload: bytes) -> None:
        """That is it."""
        _ = topic
        if not self.answer.done():
            self.answer.set_result(payload)


def _token(payload: bytes, name: str) -> str:
    try:
        match json.loads(payload):
            case {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": str(token)} if token:
                return token
            case {"status": "SUCCESS", "credentialsType": kind}:
                raise UpstreamError(
                    f"ThingsBoard made {name} with {kind} credentials, and no access token",
                    hint="set the device profile's provisioning to access tokens, and delete the device",
                )
            case {"status": status, **rest}:
                said = f"{status}: {rest.get('errorMsg', '')}".rstrip(": ")
                raise UpstreamError(f"ThingsBoard gives no token ({said})", hint=_hint(str(status), name))
    except (ValueError, RecursionError) as error:
        raise UpstreamError("ThingsBoard's answer to the request for a token cannot be read") from error
    raise UpstreamError("ThingsBoard's answer to the request for a token holds none")


def _hint(status: str, name: str) -> str:
    """What to do about a refusal. ``NOT_FOUND`` is the answer to key and secret, ``FAILURE`` to the device's name."""
    if status == "NOT_FOUND":
        return (
            "THINGSBOARD__PROVISION_KEY or _SECRET is wrong, or the device profile that has them allows no "
            "provisioning: copy both again from the profile's page *Device provisioning*"
        )
    if status == "FAILURE":
        return (
            f"a device {name} exists already: delete it in ThingsBoard, or choose another THINGSBOARD__PROVISION_NAME, "
            "or set its token as THINGSBOARD__TOKEN"
        )
    return "see ThingsBoard's own log"
