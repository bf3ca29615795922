"""A visit to a configured meter over a connection of our own: associate, do something, release, whatever happens.

Counts the secret that goes out, as ``meters/refusals.py`` wants it of every command.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from bridge.commissioning.direct import secret_of
from bridge.commissioning.probing.attempts import Attempts
from bridge.commissioning.probing.meeting import meeting
from bridge.errors import AuthError, MeterError
from bridge.meters.keys import Counters
from bridge.meters.link import Link
from bridge.meters.refusals import Refusals
from bridge.meters.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.probing.meeting import Talk
    from bridge.meters.link import Watch
    from bridge.meters.meter import Meter
    from bridge.settings import Settings

_HELD = {"same": "read.held.same", "many": "read.held.many", "forgetful": "read.held.forgetful"}


class Visit:
    """Visits to one meter.

    Args:
        meter: whom.
        settings: where the data volume is, how long a connection may take.
    """

    def __init__(self, meter: Meter, settings: Settings) -> None:
        self._meter = meter
        self._settings = settings
        self._secret = secret_of(meter)
        with suppress(OSError):  # without it nothing secret is tried: see probing/attempts.py
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._attempts = Attempts(Refusals(settings.data_dir), meter.host, meter.port, meter.server)

    def objection(self, say: Catalogue) -> str:
        """Return why the meter is not to be visited: its secret is held back; empty when it may be."""
        held = self._attempts.held(self._meter.client, self._secret) if self._secret else None
        if held is None:
            return ""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.last_s)) if held.last_s else "-"
        return say(_HELD[held.reason], name=self._meter.name, count=held.count, when=when)

    @asynccontextmanager
    async def talk(self, watch: Watch | None = None) -> AsyncIterator[Talk]:
        """Associate, and release at the end of the block.

        Args:
            watch: sees the bytes; None for nobody.

        Raises:
            MeterError: as everywhere.
        """
        meter, settings = self._meter, self._settings
        counters = Counters(settings.data_dir / "counters.db")
        if meter.keys is not None:
            meter = meter.titled(counters.system_title())
        link = Link(
            meter.host,
            meter.port,
            meter.framing,
            connect_timeout_s=settings.link.connect_timeout_s,
            frame_gap_s=meter.frame_gap_s,
            connecting=asyncio.Semaphore(1),
        )
        link.join(reconnect_gap_s=meter.reconnect_gap_s)
        try:
            async with meeting(link, Session(meter, counters), meter.timeout_s, watch=watch) as talk:
                await self._associate(talk)
                yield talk
        finally:
            link.close()

    async def _associate(self, talk: Talk) -> None:
        client = self._meter.client
        if (await asyncio.to_thread(self._attempts.claim, client, self._secret)) is not None:
            raise AuthError("another command has just sent the last password or key that may be sent to it")
        try:
            await talk.carry(talk.session.connect())
        except MeterError as error:
            await asyncio.to_thread(self._attempts.settle, client, self._secret, talk.session, error)
            raise
        await asyncio.to_thread(self._attempts.settle, client, self._secret, talk.session)
