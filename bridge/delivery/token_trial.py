"""Trial of the token: why has Mosquitto no session with ThingsBoard? It does not say; the CONNACK of one of ours does.

ThingsBoard keeps one session a token, and a trial that succeeds would throw out the one that Mosquitto just gets. So it
is made rarely, and only while there has been none for a while.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge.delivery import address
from bridge.delivery.mqtt_client import MQTT_3, session
from bridge.delivery.mqtt_events import Refused
from bridge.delivery.thingsboard_connection import NOT_KNOWN
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.configuration.settings import ThingsBoardSettings

_LOOK_EVERY_S = 5.0
_DOWN_FOR_S = 60.0
_TRY_EVERY_S = 600.0
_PATIENCE_S = 20.0


class TokenTrial:
    """See the module's text.

    Args:
        settings: with a host.
        token: gives the access token as it is now; None while there is none.
    """

    def __init__(self, settings: ThingsBoardSettings, token: Callable[[], str | None]) -> None:
        self._settings = settings
        self._token = token
        self._refused_token: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the last trial found that ThingsBoard does not know the token as it is now."""
        return self._refused_token is not None and self._refused_token == self._token()

    async def run(
        self, *, is_up: Callable[[], bool], is_down: Callable[[], bool], say: Callable[[str], object]
    ) -> None:
        """Look until cancelled.

        Args:
            is_up: whether Mosquitto has a session.
            is_down: whether it is there and has none.
            say: is told why.
        """
        loop = asyncio.get_running_loop()
        down_since_s, again_s = loop.time(), 0.0
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = loop.time()
            if is_up():
                self._refused_token = None
            if not is_down():
                down_since_s = now_s
            elif now_s - down_since_s >= _DOWN_FOR_S and now_s >= again_s:
                again_s = now_s + _TRY_EVERY_S
                if (why := await self._tried()) is not None and is_down():
                    say(why)

    async def _tried(self) -> str | None:
        """Why there is no session, where a trial shows it; None where it got one, or nobody answers."""
        token = self._token()
        if token is None:
            return None
        try:
            async with session(address.peer(self._settings, token, level=MQTT_3, patience_s=_PATIENCE_S), _NoEar()):
                return None
        except Refused as refusal:
            if refusal.is_about_credentials:
                self._refused_token = token
                return f"{NOT_KNOWN} ({refusal})"
            return f"ThingsBoard begins no session: {refusal}"
        except UpstreamError as error:
            return str(error)
        except OSError as error:
            return f"no connection to ThingsBoard: {self._settings.host}: {error.strerror or error}"


class _NoEar:
    """Nothing is asked in a trial."""

    def puback(self, number: int, code: int, said: str) -> None:
        """Nothing was sent."""

    def message(self, topic: str, payload: bytes) -> None:
        """Nothing was subscribed to."""
