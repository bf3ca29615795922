"""A connection that somebody opened: pieces, silences, floods, strangers; and meters that want to be read over it."""

from __future__ import annotations

import asyncio

import pytest

from tests.dlms.push.pushed_frames import AIDON_HAN, KAMSTRUP_HAN
from tests.listen.exchange import meter, wrapped

LOOPS = ("warp",)
KNOWN = {"METERS__MAIN__HOST": "127.0.0.1"}
CUT_SHORT = wrapped(bytes(100))[:50]


async def closed(reader):
    """Wait until the bridge hung up, and return when."""
    try:
        while await reader.read(100):
            pass
    except ConnectionError:
        pass
    return asyncio.get_running_loop().time()


@pytest.fixture
async def now(exchange):
    """Open the exchange on the time of the loop, which jumps over silence."""

    async def begin(**settings):
        await exchange.open(on_loop_time=True, **settings)
        return asyncio.get_running_loop().time()

    return begin


async def test_messages_come_in_pieces_of_one_octet(exchange, now):
    await now(**KNOWN)
    _, writer = await exchange.call()
    for octet in KAMSTRUP_HAN + AIDON_HAN:
        writer.write(bytes((octet,)))
        await asyncio.sleep(0)
    assert len(await exchange.stored(1)) >= 1


async def test_what_is_not_whole_after_ten_seconds_is_dropped_and_the_caller_may_go_on(exchange, now):
    began_s = await now(**KNOWN)
    _, writer = await exchange.call(CUT_SHORT)
    await exchange.refused("incomplete")
    assert 9.9 < asyncio.get_running_loop().time() - began_s < 20
    assert exchange.listener._board.memory.held == 0
    writer.write(AIDON_HAN)
    await exchange.stored()


async def test_a_message_in_drops_is_dropped_after_a_minute(exchange, now):
    began_s = await now(**KNOWN)
    _, writer = await exchange.call()
    for octet in wrapped(bytes(100)):
        writer.write(bytes((octet,)))
        await asyncio.sleep(5)
        if exchange.figure("refused_total", reason="incomplete"):
            break
    assert 59 < asyncio.get_running_loop().time() - began_s < 90


async def test_a_caller_that_says_nothing_is_hung_up_on(exchange, now):
    began_s = await now(**KNOWN)
    reader, _ = await exchange.call()
    assert 29.9 < await closed(reader) - began_s < 60
    await exchange.refused("silent")


async def test_a_caller_that_says_nothing_more_is_hung_up_on_later(exchange, now):
    began_s = await now(LISTEN__IDLE="100", **KNOWN)
    reader, _ = await exchange.call(AIDON_HAN)
    assert 99.9 < await closed(reader) - began_s < 130
    assert exchange.figure("connections") == 0


async def test_no_address_has_more_connections_than_it_may(exchange, now):
    await now(LISTEN__PER_ADDRESS="3", **KNOWN)
    readers = [(await exchange.call())[0] for _ in range(3)]
    fourth, _ = await exchange.call()
    began_s = asyncio.get_running_loop().time()
    assert await closed(fourth) - began_s < 20
    await exchange.refused("connections")
    await closed(readers[0])
    _, writer = await exchange.call(AIDON_HAN)
    await exchange.stored()
    writer.close()


async def test_a_caller_that_is_too_fast_waits_in_its_own_tcp(exchange, now):
    began_s = await now(LISTEN__MESSAGES_PER_SECOND="10", **KNOWN)
    await exchange.call(AIDON_HAN * 120)
    rows = await exchange.stored(120)
    took_s = asyncio.get_running_loop().time() - began_s
    assert 9 < took_s < 20, "two seconds' worth at once, the rest at ten a second"
    assert len(rows) == 120, "nothing of it is lost"


async def test_bytes_have_a_pace_too(exchange, now):
    began_s = await now(LISTEN__KB_PER_SECOND="1", **KNOWN)
    await exchange.call(AIDON_HAN * 200)  # 8.8 kB
    await exchange.stored(200)
    assert 6 < asyncio.get_running_loop().time() - began_s < 20


async def test_all_callers_together_hold_no_more_than_they_may(exchange, now):
    await now(LISTEN__MEMORY_MB="0.2", LISTEN__KB_PER_SECOND="10000", **KNOWN)
    readers = [(await exchange.call(wrapped(bytes(60_000))[:50_000]))[0] for _ in range(8)]
    await exchange.refused("memory")
    for reader in readers[4:]:
        await closed(reader)
    for reader in readers[:4]:
        await closed(reader)
    assert exchange.listener._board.memory.held == 0


async def test_what_cannot_be_cut_any_further_ends_the_connection(exchange, now):
    began_s = await now(**KNOWN)
    reader, _ = await exchange.call(wrapped(b"")[:6] + b"\xff\xff" + AIDON_HAN * 3000)
    assert await closed(reader) - began_s < 25
    assert (
        exchange.figure("refused_total", reason="too-long") + exchange.figure("refused_total", reason="malformed") > 0
    )


async def test_a_stranger_is_listed_and_costs_no_other_caller_anything(exchange, now):
    await now(**meter(logical_device_name="5706567326590407"))
    await exchange.call(b"GET / HTTP/1.1\r\n\r\n")
    await exchange.call(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    await exchange.call(AIDON_HAN)
    await exchange.refused("unknown-meter")
    await exchange.call(KAMSTRUP_HAN)
    await exchange.stored()
    assert "GET / HTTP/1.1" in [caller.text for caller in exchange.callers]
    assert exchange.figure("unknown_callers") == len(exchange.callers)


class Taken:
    """Who reads a meter over its call."""

    def __init__(self):
        self.calls = asyncio.Queue()

    def take(self, transport, unasked, gone):
        self.calls.put_nowait((transport, unasked, gone))


def dial_in(**settings):
    return meter(push_only=None, interval=None, dial_in="true", **settings)


async def test_a_modem_that_says_its_name_is_handed_on_at_once(exchange, now):
    taken = exchange.fleet.calls["main"] = Taken()
    began_s = await now(**dial_in(caller_id="imei 351"))
    await exchange.call(b"+IMEI 351999\r\n")
    (await taken.calls.get())[0].abort()
    assert asyncio.get_running_loop().time() - began_s < 1.9, "no silence is waited for"


async def test_a_name_without_a_line_end_is_taken_after_a_silence(exchange, now):
    taken = exchange.fleet.calls["main"] = Taken()
    began_s = await now(**dial_in(caller_id="IMEI 351"))
    await exchange.call(b"imei 351999")
    (await taken.calls.get())[0].abort()
    assert 1.9 < asyncio.get_running_loop().time() - began_s < 9


async def test_a_meter_that_is_known_by_its_address_is_handed_on_after_a_silence(exchange, now):
    taken = exchange.fleet.calls["main"] = Taken()
    began_s = await now(**dial_in(host="127.0.0.1"))
    await exchange.call()
    (await taken.calls.get())[0].abort()
    assert 1.9 < asyncio.get_running_loop().time() - began_s < 9


async def test_a_meter_that_pushes_first_is_handed_on_when_it_is_silent_and_goes_on_pushing(exchange, now):
    taken = exchange.fleet.calls["main"] = Taken()
    await now(**dial_in(host="127.0.0.1"))
    _, writer = await exchange.call(AIDON_HAN)
    await exchange.stored()
    transport, unasked, gone = await taken.calls.get()
    unasked(AIDON_HAN[:20])
    unasked(AIDON_HAN[20:])
    await exchange.stored(2)
    assert not transport.is_closing()
    await asyncio.sleep(3600)
    assert exchange.figure("connections") == 1, "whoever reads it decides how long it stands"
    gone()
    await asyncio.sleep(0.1)
    assert exchange.figure("connections") == 0
    transport.abort()
    writer.close()


def behind_one_modem(**settings):
    """Two meters behind one modem: ``main``, and one with the address from which the Aidon's push comes."""
    second = meter("second", push_only=None, interval=None, dial_in="true", via_caller="main", server="577")
    return dial_in(server="17", **settings) | second


async def test_what_comes_over_one_call_is_each_meters_own_by_its_address(exchange, now):
    taken = exchange.fleet.calls["main"] = exchange.fleet.calls["second"] = Taken()
    await now(**behind_one_modem(caller_id="imei 351"))
    await exchange.call(b"+IMEI 351999\r\n")
    transport, unasked, gone = await taken.calls.get()
    unasked(AIDON_HAN)
    rows = await exchange.stored()
    assert [row["meter"] for row in rows] == ["second"]
    unasked(KAMSTRUP_HAN)
    await exchange.refused("unknown-meter")
    assert len(await exchange.rows()) == 1, "an address that is neither's is nobody's"
    gone()
    transport.abort()


async def test_whichever_of_them_pushes_first_the_call_is_handed_on(exchange, now):
    taken = exchange.fleet.calls["main"] = exchange.fleet.calls["second"] = Taken()
    await now(**behind_one_modem(host="127.0.0.1"))
    await exchange.call(AIDON_HAN)
    rows = await exchange.stored()
    assert [row["meter"] for row in rows] == ["second"]
    (await taken.calls.get())[0].abort()


async def test_a_meter_that_only_pushes_is_not_handed_on(exchange, now):
    taken = exchange.fleet.calls["other"] = Taken()
    await now(**KNOWN)
    await exchange.call(AIDON_HAN)
    await exchange.stored()
    await asyncio.sleep(10)
    assert taken.calls.empty()
