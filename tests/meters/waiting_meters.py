"""Meters that do not answer, on the loop's time."""

import asyncio

import pytest

from bridge.demo import MeterServer
from tests.meters.plant import Plant, fixed_load


def now_s():
    return asyncio.get_running_loop().time()


class Attempts:
    """A place where a meter may be: notes every connection, and serves it only while the meter is there."""

    def __init__(self):
        self.at_s = []
        self.server = None
        self.port = 0
        self.kind = MeterServer

    async def start(self, answering=True, **arguments):
        """Let the meter be there; ``answering`` False: only its converter is."""

        def make():
            self.at_s.append(now_s())
            return self.kind(load=fixed_load, **arguments)

        plant = Plant()
        if answering:
            self.port = await plant.meter(port=self.port, make=make)
            self.server = plant.servers[0]
        else:

            async def silent(reader, writer):
                self.at_s.append(now_s())
                await reader.read()
                writer.close()

            self.server = await asyncio.start_server(silent, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    def stop(self):
        self.server.close()


@pytest.fixture
async def place():
    place = Attempts()
    yield place
    place.stop()


async def silence(plant, port):
    """The meter goes away, and its connection with it."""
    plant.links[port]._stream._transport.abort()
