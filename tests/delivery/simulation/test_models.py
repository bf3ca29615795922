"""The simulation's own parts: the clock, the line, the relay, the book, the shrinking."""

from __future__ import annotations

import asyncio
import dataclasses
import random

import pytest

from tests.delivery.simulation.book import Book
from tests.delivery.simulation.line import Connection, Line
from tests.delivery.simulation.loop import Steps, Stuck, VirtualLoop
from tests.delivery.simulation.mosquitto import RENEW, STATE, Mosquitto
from tests.delivery.simulation.plan import Fault, Plan, draw
from tests.delivery.simulation.shrink import shrink


def run(main, loop=None):
    loop = loop or VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop._selector = None
        loop.close()


def test_an_hour_of_sleep_takes_no_time_and_timers_of_one_instant_keep_their_order():
    loop, seen = VirtualLoop(), []

    async def main():
        for number in range(100):
            loop.call_at(loop.time() + 3600, seen.append, number)
        await asyncio.sleep(3600)
        await asyncio.sleep(0)
        return loop.time()

    assert run(main(), loop) == pytest.approx(4600)
    assert seen == list(range(100))


def test_what_can_never_go_on_is_an_error_and_so_is_what_goes_round_and_round():
    async def waits():
        await asyncio.get_running_loop().create_future()

    async def spins():
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Stuck):
        run(waits())
    with pytest.raises(Steps):
        run(spins(), VirtualLoop(most_steps=1000))


class End:
    def __init__(self, loop):
        self.loop = loop
        self.got = []

    def packet(self, packet):
        self.got.append((round(self.loop.time() - 1000, 3), packet[0]))

    def closed(self):
        self.got.append((round(self.loop.time() - 1000, 3), "closed"))


def test_a_line_has_bandwidth_delay_and_order_and_what_comes_in_the_dark_comes_late():
    loop = VirtualLoop()
    line = Line(delay_s=0.5, up_bytes_s=100)
    client, server = End(loop), End(loop)

    async def main():
        connection = Connection(loop, line, random.Random(1))
        connection.attach(client, server)
        connection.up(56, ("a",))
        connection.up(56, ("b",))
        connection.down(0, ("c",))
        await asyncio.sleep(4)
        line.dark_until_s = loop.time() + 60
        connection.up(56, ("d",))
        connection.close_from_client()
        await asyncio.sleep(100)

    run(main(), loop)
    assert server.got[:2] == [(1.5, "a"), (2.5, "b")]
    assert client.got == [(0.5, "c")]
    assert [what for _, what in server.got[2:]] == ["d", "closed"]
    assert 64 <= server.got[2][0] <= 66


class Far:
    """A server at the other end that does what it is told to."""

    def __init__(self, loop):
        self.loop = loop
        self.line = Line(delay_s=0.001)
        self.acknowledges = True
        self.got, self.connection, self.dials = [], None, []

    def dial(self, upstream):
        self.dials.append(self.loop.time())
        self.connection = Connection(self.loop, self.line, random.Random(1))
        self.connection.attach(upstream, self)
        self.loop.call_later(0.001, upstream.opened, self.connection)

    def packet(self, packet):
        if packet[0] == "connect":
            self.connection.down(4, ("connack", 0))
        elif packet[0] == "pingreq":
            self.connection.down(2, ("pingresp",))
        elif packet[0] == "publish":
            self.got.append(packet[2].decode())
            if self.acknowledges:
                self.connection.down(4, ("puback", packet[3]))

    def closed(self):
        pass


class Local:
    def __init__(self):
        self.states = []

    def deliver(self, topic, payload):
        if topic == STATE:
            self.states.append(payload.decode())

    def thrown_out(self, reason):
        self.states.append("out")


def relay(main):
    loop = VirtualLoop()

    async def running():
        far, local = Far(loop), Local()
        mosquitto = Mosquitto(loop, random.Random(1), far.dial)
        mosquitto.start()
        mosquitto.attach(local)
        await asyncio.sleep(1)
        await main(mosquitto, far, local)
        return far, local

    return run(running(), loop)


def say(mosquitto, *payloads, expiry_s=None):
    for payload in payloads:
        mosquitto.take("v1/gateway/telemetry", payload.encode(), expiry_s)


def test_the_relay_has_one_in_flight_and_sends_it_again_first_in_the_next_session():
    async def main(mosquitto, far, local):
        far.acknowledges = False
        say(mosquitto, "a", "b", "c")
        await asyncio.sleep(5)
        assert far.got == ["a"]
        far.connection.sever()
        far.acknowledges = True
        await asyncio.sleep(10)

    far, local = relay(main)
    assert far.got == ["a", "a", "b", "c"]
    assert local.states == ["0", "1", "0", "1"]


def test_the_relay_honours_an_expiry_while_it_queues_and_not_while_it_waits_for_a_puback():
    async def main(mosquitto, far, local):
        far.acknowledges = False
        say(mosquitto, "a", "b", expiry_s=30)
        say(mosquitto, "c")
        await asyncio.sleep(120)
        assert far.got == ["a"]
        far.acknowledges = True
        far.connection.sever()
        await asyncio.sleep(10)

        assert far.got == ["a"]  # both expired meanwhile, and the first took the flow with it
        say(mosquitto, "d")
        await asyncio.sleep(1)

    far, _ = relay(main)
    assert far.got == ["a", "c", "d"]


def test_the_relay_made_anew_has_nothing_and_is_back_after_two_seconds_and_a_half():
    async def main(mosquitto, far, local):
        far.acknowledges = False
        say(mosquitto, "a", "b")
        await asyncio.sleep(1)
        far.acknowledges = True
        mosquitto.take(RENEW, b"", None)
        await asyncio.sleep(10)
        say(mosquitto, "c")
        await asyncio.sleep(1)

    far, local = relay(main)
    assert far.got == ["a", "c"]
    assert local.states == ["0", "1", "0", "0", "1"]
    assert far.dials[1] - far.dials[0] == pytest.approx(0.95 + 1 + 2.4, abs=0.001)


def test_the_relay_drops_the_newest_past_a_thousand_and_counts_it():
    async def main(mosquitto, far, local):
        far.acknowledges = False
        say(mosquitto, *(str(number) for number in range(1003)))
        assert mosquitto.dropped == 2

    relay(main)


def test_the_relay_notices_a_dead_line_by_its_keepalive_alone():
    async def main(mosquitto, far, local):
        far.line.dark_until_s = far.loop.time() + 1000
        await asyncio.sleep(70)

    _far, local = relay(main)
    assert local.states == ["0", "1", "0"]


def test_the_book_names_what_was_confirmed_and_never_stored():
    rows = {("M", 1): {"n": 1}}
    book = Book(lambda device, ts_ms: rows.get((device, ts_ms)))
    for ts_ms in (1, 2):
        book.gave(("m", ts_ms), "M")
    book.on_disk([("m", 1), ("m", 2)], 0.0)
    book.were_confirmed([("m", 1)], 1.0)
    book.server_lost_its_memory()
    assert not book.problems
    book.were_confirmed([("m", 2)], 1.0)
    book.server_lost_its_memory()
    assert "1 samples were confirmed and are not stored" in book.problems[0]


def test_the_book_names_what_is_gone_from_disk_what_is_under_a_wrong_device_and_what_was_set_aside():
    book = Book(lambda device, ts_ms: None)
    book.gave(("m", 1), "M")
    book.on_disk([("m", 1)], 0.0)
    book.life_ended([])
    book.found_on_disk(set())
    assert "not on disk any more" in book.problems.pop()
    book.found_stored("N", {1: {"n": 1}})
    assert "no meter of that name gave" in book.problems.pop()
    book.set_aside([("m", 1)], "a reason")
    assert "nothing is wrong with it" in book.problems.pop()


def test_a_plan_is_its_text_and_a_seed_its_plan():
    for seed in range(300):
        plan = draw(seed)
        assert Plan.read(plan.text()) == plan == draw(seed)


def test_a_failing_plan_is_made_small():
    plan = dataclasses.replace(
        draw(7), meters=40, faults=(*tuple(Fault(float(at_s), "line_cut") for at_s in range(6)), Fault(9.0, "deaf"))
    )

    def problem_of(candidate):
        return "no 12 | more" if any(fault.kind == "deaf" for fault in candidate.faults) else ""

    small = shrink(plan, "no 34 | less", problem_of)
    assert small.faults == (Fault(9.0, "deaf"),)
    assert small.meters == 1
