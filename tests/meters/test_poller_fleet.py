"""Many meters at once: how many connect at one time, and that the dead keep nobody from coming back."""

import asyncio
import socket
from contextlib import contextmanager, suppress
from functools import partial
from random import Random

import pytest

from bridge.demo import MeterServer
from bridge.meters.link import Link
from tests.meters.plant import HEALTHY, fixed_load, values_of

LOOPS = ("warp",)


@contextmanager
def black_hole():
    """A port where connections are neither refused nor accepted, as behind a router whose line is down."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        crowd = []
        for _ in range(4):  # fill the backlog, so that the kernel drops the next SYN
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            crowd.append(sock)
        try:
            yield port
        finally:
            for sock in crowd:
                sock.close()


class Counted(asyncio.Semaphore):
    """Places, and the most that were taken at one time."""

    def __init__(self, places):
        super().__init__(places)
        self.places = places
        self.most = 0

    async def acquire(self):
        await super().acquire()
        self.most = max(self.most, self.places - self._value)
        return True


@pytest.fixture
def read(plant):
    """Start a poller on a link of its own, with the fleet's places."""
    connecting, doubtful = Counted(10), Counted(5)

    def read(name, port, **settings):
        link = Link("127.0.0.1", port, "hdlc", connect_timeout_s=5, connecting=connecting, doubtful=doubtful)
        plant.links = {port: link}
        plant.read(name, port, **settings)
        return link

    read.connecting = connecting
    return read


async def test_a_fleet_behind_a_dead_router_opens_no_more_connections_at_one_time_than_allowed(plant, read):
    with black_hole() as port:
        for number in range(100):
            read(f"dead{number}", port, interval=5, poller={"rng": Random(number)})
        await asyncio.sleep(300)
        assert read.connecting.most == 10
        assert min(poller.state.cycles_failed for poller in plant.pollers.values()) >= 2
        await plant.stop()


async def test_a_meter_that_comes_back_does_not_queue_behind_hundreds_of_dead_ones(plant, read):
    """300 dead hosts at the 60 s cap ask for 25 places of 5 s each at any time, and there are 10."""
    with black_hole() as port:
        for number in range(300):
            read(f"dead{number}", port, interval=5, poller={"rng": Random(number)})
        await asyncio.sleep(1800)
        alive = await plant.meter(make=partial(MeterServer, load=fixed_load))
        link = read("alive", alive, interval=5, poller={"rng": Random(1)})
        worst_s = 0.0
        loop = asyncio.get_running_loop()
        for _ in range(10):
            assert values_of(await plant.sample("alive")) == HEALTHY
            link._stream._transport.abort()
            lost_s = loop.time()
            assert values_of(await plant.sample("alive", patience_s=100)) == HEALTHY
            worst_s = max(worst_s, loop.time() - lost_s)
        print(
            f"\n300 dead hosts, 10 places: a meter that lost its connection is read again after {worst_s:.1f} s at most"
        )
        assert worst_s <= 5 + 0.5  # its next cycle
        await plant.stop()


class Insane:
    """A peer that answers as a meter does, and three times in ten anything at all."""

    def __init__(self):
        self.rng = Random(1)
        self.is_sane = False
        self.deeds = (
            lambda answer, asked: None,  # closes
            lambda answer, asked: b"",
            lambda answer, asked: self.rng.randbytes(self.rng.randrange(1, 3000)),
            lambda answer, asked: b"\x7e" * 1000 + b"\x7e\xa8\x00" * 1000,
            lambda answer, asked: asked * 3,
            lambda answer, asked: answer[: self.rng.randrange(len(answer) + 1)],
            lambda answer, asked: answer * 20,
            lambda answer, asked: self.rng.randbytes(50) + answer + self.rng.randbytes(50),
            lambda answer, asked: answer[:-3] + self.rng.randbytes(2) + b"\x7e",
        )

    async def serve(self, reader, writer):
        side = MeterServer(load=fixed_load)
        with suppress(ConnectionError, ValueError, IndexError):
            while asked := await reader.read(4096):
                answer = b"".join(side.frames(asked))
                if not self.is_sane and self.rng.random() < 0.3:
                    answer = self.rng.choice(self.deeds)(answer, asked)
                if answer is None:
                    break
                writer.write(answer)
        writer.close()


async def test_a_peer_that_does_anything_at_all_is_survived(plant):
    peer = Insane()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    plant.servers.append(server)
    port = server.sockets[0].getsockname()[1]
    for number in range(5):
        plant.links.pop(port, None)
        plant.read(f"m{number}", port, interval=5, retries=1, poller={"rng": Random(number)})
    await asyncio.sleep(900)
    failed = sum(poller.state.cycles_failed for poller in plant.pollers.values())
    good = sum(poller.state.cycles_ok for poller in plant.pollers.values())
    print(f"\nfive meters, a quarter of an hour, an insane peer: {failed} cycles failed, {good} good, all values right")
    assert failed > 20
    assert good > 100
    while not plant.samples.empty():
        assert values_of(plant.samples.get_nowait()) == HEALTHY
    peer.is_sane = True
    await asyncio.sleep(75)
    assert all(poller.state.condition == "reading" for poller in plant.pollers.values())
    assert not any(task.done() for task in plant.tasks)
    assert not any("unexpected error" in line for line in plant.lines)
