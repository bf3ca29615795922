"""When history enters the outbox: behind live samples, as fast as it is stored; what goes soon, at once."""

from __future__ import annotations

import asyncio

import pytest

from bridge.ledger.admission import LEAST, MOST, PATIENCE_S, Admission
from bridge.outbox.receipt import ReceiptBook
from bridge.sample import Sample, Value
from tests.delivery.simulation.loop import VirtualLoop


class Outbox:
    """Takes samples, and stores them when it is told to."""

    def __init__(self) -> None:
        self.book = ReceiptBook()
        self.open: list[int] = []
        self.others = 0
        self.most = 0
        self._last = 0

    def put(self, sample):
        self._last += 1
        self.open.append(self._last)
        self.most = max(self.most, len(self.open))
        return self.book.issue(self._last)

    def waiting(self) -> int:
        return self.others + len(self.open)

    def store(self, outcome="stored") -> None:
        gone, self.open = self.open, []
        self.book.settle(gone, outcome)

    async def stores_every(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.store()


def rows(count: int) -> list[Sample]:
    return [Sample("main", number, [Value("lp_energy", "", number, "Wh")]) for number in range(count)]


@pytest.fixture
def run():
    loop = VirtualLoop(most_steps=2_000_000)
    yield loop.run_until_complete
    loop.close()


def made(outbox: Outbox) -> Admission:
    return Admission(outbox.put, waiting=outbox.waiting, clock_s=lambda: asyncio.get_running_loop().time())


def test_it_begins_with_little_and_takes_more_as_long_as_all_is_stored_quickly(run):
    async def scenario():
        outbox = Outbox()
        admission, settled = made(outbox), []
        storing = asyncio.ensure_future(outbox.stores_every(1.0))
        assert await admission.send(rows(5000), lambda number, _: settled.append(number), is_urgent=False) == 5000
        storing.cancel()
        return outbox.most, admission.window

    most, window = run(scenario())
    assert LEAST < window <= MOST
    assert most <= MOST


def test_it_takes_less_when_storing_becomes_slow(run):
    async def scenario():
        outbox = Outbox()
        admission = made(outbox)
        storing = asyncio.ensure_future(outbox.stores_every(0.5))
        await admission.send(rows(2000), lambda *_: None, is_urgent=False)
        fast = admission.window
        storing.cancel()
        storing = asyncio.ensure_future(outbox.stores_every(20.0))
        await admission.send(rows(4000), lambda *_: None, is_urgent=False)
        storing.cancel()
        return fast, admission.window

    fast, slow = run(scenario())
    assert slow <= fast / 4


def test_nothing_enters_while_much_else_waits_and_whoever_waits_too_long_gives_up(run):
    async def scenario():
        outbox = Outbox()
        outbox.others = 100_000
        admission, loop = made(outbox), asyncio.get_running_loop()
        began_s = loop.time()
        sent = await admission.send(rows(5), lambda *_: None, is_urgent=False)
        return sent, loop.time() - began_s, admission.is_open

    sent, took_s, is_open = run(scenario())
    assert (sent, is_open) == (0, False)
    assert PATIENCE_S <= took_s <= PATIENCE_S + 5


def test_what_is_about_to_be_overwritten_enters_whatever_waits(run):
    async def scenario():
        outbox = Outbox()
        outbox.others = 100_000
        return await made(outbox).send(rows(500), lambda *_: None, is_urgent=True), len(outbox.open)

    assert run(scenario()) == (500, 500)


def test_the_urgent_do_not_queue_behind_those_who_wait(run):
    async def scenario():
        outbox = Outbox()
        outbox.others = 100_000
        admission, loop = made(outbox), asyncio.get_running_loop()
        waiting = asyncio.ensure_future(admission.send(rows(5), lambda *_: None, is_urgent=False))
        await asyncio.sleep(1)
        began_s = loop.time()
        await admission.send(rows(20), lambda *_: None, is_urgent=True)
        took_s = loop.time() - began_s
        await waiting
        return took_s

    assert run(scenario()) < 1


def test_a_fleets_live_samples_on_their_way_do_not_close_it(run):
    async def scenario():
        outbox = Outbox()
        admission = made(outbox)
        for _ in range(130):
            for _ in range(200):
                admission.live()
            await asyncio.sleep(1)
        outbox.others = 2500
        return admission.is_open

    assert run(scenario())


def test_each_sample_is_told_by_its_place(run):
    async def scenario():
        outbox, told = Outbox(), []
        admission = made(outbox)
        await admission.send(rows(3), lambda number, receipt: told.append((number, receipt.state)), is_urgent=False)
        outbox.store("lost")
        return told, admission.on_their_way

    assert run(scenario()) == ([(0, "lost"), (1, "lost"), (2, "lost")], 0)
