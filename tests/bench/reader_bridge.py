"""The bridge's own way of reading, as it runs in service: a session's conversations over a link, on uvloop.

As a process of its own it is commanded on standard input, see ``rounds.py``. Left out are the poller around it and all
that happens to a sample; the fleet's benchmark has those.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

from bridge.configuration.meter import Meter, resolve
from bridge.configuration.profile import Profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.dlms.association import MeterSession
from bridge.meters.counter_store import CounterStore
from bridge.meters.link import Link
from tests.bench.addresses import address
from tests.bench.answers import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, REGISTERS
from tests.bench.rounds import Row, obey

if TYPE_CHECKING:
    from bridge.configuration.meter import Meter
    from bridge.meters.frame_watch import FrameWatch

TIMEOUT_S = 5.0


def profile(*, lists: bool = True) -> Profile:
    """Return the profile of the simulated meters."""
    registers = [{"key": register.key, "obis": register.obis} for register in REGISTERS]
    return Profile.model_validate({"registers": registers, "client": 1} | ({} if lists else {"list_items": 0}))


def meter(row: Row, host: str, port: int) -> Meter:
    """Return a simulated meter as the bridge's settings would give it."""
    given = {"host": host, "port": port, "framing": row.framing, "password": PASSWORD}
    if row.ciphered:
        given |= {
            "security": "authenticated-encryption",
            "encryption_key": ENCRYPTION_KEY.hex(),
            "authentication_key": AUTHENTICATION_KEY.hex(),
            "system_title": b"BENCH\x00\x00\x01".hex(),
        }
    return resolve("bench", MeterSettings.model_validate(given), profile(lists=row.lists), PollSettings())


class Bridge:
    """The commands of ``rounds.py`` carried out by the bridge's meter wing."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._open: list[tuple[Link, MeterSession]] = []

    def associate(self, row: Row, port: int, meters: int) -> None:
        """See ``rounds.Reads``."""
        wanted = [meter(row, address(number), port) for number in range(meters)]
        self._open = [self._loop.run_until_complete(_associate(one)) for one in wanted]

    def cycles(self, count: int) -> list[float]:
        """See ``rounds.Reads``."""
        return self._loop.run_until_complete(self._cycles(count))

    def release(self) -> None:
        """See ``rounds.Reads``."""
        for link, session in self._open:
            self._loop.run_until_complete(link.converse(session.release(), TIMEOUT_S))
            link.close()

    async def _cycles(self, count: int) -> list[float]:
        if len(self._open) == 1:
            return await read(*self._open[0], count)
        async with asyncio.TaskGroup() as reading:
            tasks = [reading.create_task(read(*one, count)) for one in self._open]
        return tasks[-1].result()


async def _associate(one: Meter) -> tuple[Link, MeterSession]:
    connecting = asyncio.Semaphore(1)
    link = Link(one.host, one.port, one.framing, connect_timeout_s=TIMEOUT_S, connecting=connecting)
    session = MeterSession(one, CounterStore(None))
    await link.open()
    await link.converse(session.associate(), TIMEOUT_S)
    return link, session


async def read(link: Link, session: MeterSession, count: int, watch: FrameWatch | None = None) -> list[float]:
    """Read so many cycles of one meter, and return the last one's values."""
    readings = []
    for _ in range(count):
        if session.counter is not None and session.counter.is_low:
            session.counter.reserve()
        readings = await link.converse(session.read(), TIMEOUT_S, watch)
    return [reading.value for reading in readings]


if __name__ == "__main__":
    obey(Bridge())
