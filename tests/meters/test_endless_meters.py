"""A meter that always has a little more to say, just in time: its poller gives it up, tells why and comes back."""

import asyncio

import pytest

from tests.meters.by_hand import server as demo_meter
from tests.meters.plant import HEALTHY, values_of

LOOPS = ("warp",)
TIMEOUT_S, DAWDLES_S = 10, 9


class Dripping:
    """Answers what reads with one octet after the other, each in a block of its own, until it is mended."""

    def __init__(self):
        self.is_mended = False
        self.began = 0

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def _accept(self, reader, writer):
        side = demo_meter("wrapper")
        try:
            while True:
                head = await reader.readexactly(8)
                apdu = await reader.readexactly(int.from_bytes(head[6:8]))
                if self.is_mended or apdu[0] != 0xC0:
                    writer.write(side.answer(head + apdu))
                    continue
                number = int.from_bytes(apdu[3:7]) + 1 if apdu[1] == 2 else 1
                self.began += number == 1
                await asyncio.sleep(DAWDLES_S)
                answer = bytes((0xC4, 2, apdu[2], 0)) + number.to_bytes(4) + b"\x00\x01\x09"
                writer.write(head[:2] + head[4:6] + head[2:4] + len(answer).to_bytes(2) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def meter():
    meter = Dripping()
    yield meter
    await meter.stop()


async def test_a_conversation_without_end_is_given_up_named_and_begun_anew(plant, meter):
    plant.read("line_1", await meter.start(), "wrapper", timeout=TIMEOUT_S)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not any("does not come to an end" in line for line in plant.lines):
        assert loop.time() - began_s < 3600, plant.lines
        await asyncio.sleep(10)
    assert meter.began
    assert plant.samples.empty()
    meter.is_mended = True
    assert values_of(await plant.sample()) == HEALTHY
