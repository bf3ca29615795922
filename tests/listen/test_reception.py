"""What is pushed reaches the disk under the right meter, key and time; what is not what it says does not."""

from __future__ import annotations

import asyncio

import pytest

from bridge.demo.access import Keys
from bridge.demo.inventory import Identity
from bridge.demo.pushing import PushingMeter
from tests.dlms.push.pushed_frames import (
    AIDON_HAN,
    GENERAL_GLO,
    GENERAL_GLO_KEY,
    KAIFA_KEY,
    KAIFA_MBUS,
    SMR5_ALARM,
    SMR5_NAME,
)
from tests.listen.exchange import KEYS, meter, wrapped

TITLE = b"GRX\x00\x00\x00\x00\x07"
AT_S = 1_795_730_000.0
LONG_AGO_MS = 1_700_000_000_000


def pushing(**changes):
    """A demo meter, whose bytes gurux makes; ``ciphered`` with the keys of ``exchange.KEYS``."""
    if changes.pop("ciphered", False):
        keys = Keys(0, bytes.fromhex(KEYS["ENCRYPTION_KEY"]), bytes.fromhex(KEYS["AUTHENTICATION_KEY"]))
        changes = {"security": "authenticated-encryption", "keys": keys} | changes
    return PushingMeter(identity=Identity(logical_device_name="GRX0000000000007", system_title=TITLE), **changes)


def message(made, at_s):
    return b"".join(made.message(at_s))


def ciphered_meter(name="main", **settings):
    return meter(name, meter_system_title=TITLE.hex(), **KEYS, **settings)


@pytest.fixture
def now_s(exchange):
    """A time that the bridge's clock does not find odd."""
    import time  # noqa: PLC0415 - a test may ask

    return float(int(time.time()) - 60)


@pytest.mark.parametrize("framing", ["wrapper", "hdlc", "m-bus", "bare"])
@pytest.mark.parametrize("body", ["list", "pairs"])
async def test_values_go_under_the_meters_time_and_the_profiles_keys(exchange, now_s, framing, body):
    await exchange.open(**meter(logical_device_name="grx0000000000007", profile="single_phase"))
    await exchange.call(message(pushing(framing=framing, body=body), now_s))
    [row] = await exchange.stored()
    assert (row["meter"], row["ts"]) == ("main", now_s * 1000)
    assert 100 < row["voltage_l1"] < 260
    assert "active_energy" in row or "active_energy_import" in row, row
    assert [sample.meter for sample in exchange.heard] == ["main"]
    assert exchange.figure("last_push_timestamp_seconds", meter="main") > now_s


SMR5_PUSHES = """registers = [{key = "energy", obis = "1-0:1.8.0"}]
[[pushes]]
obis = "0-0:42.0.0"
class = 1
[[pushes]]
obis = "0-1:25.9.0"
class = 40
attribute = 1
[[pushes]]
obis = "0-0:97.98.20"
key = "alarm"
class = 1
"""


async def test_an_alarm_of_a_real_meter(exchange, tmp_path):
    """It names nothing: the profile says what stands where. Its name is the meter's all the same."""
    (tmp_path / "smr5.toml").write_text(SMR5_PUSHES)
    known = meter(logical_device_name=SMR5_NAME.decode(), profile="smr5")
    await exchange.open(**known, PROFILES_DIR=str(tmp_path))
    await exchange.call(wrapped(SMR5_ALARM))
    [row] = await exchange.stored()
    assert row["alarm"] == 2
    assert abs(row["ts"] - exchange.clock.now_ms()) < 10_000, "it states no time: it is when it came"


async def test_ciphered_values_of_a_real_meter(exchange):
    """Encryption alone, of a customer port: the settings must say that this is meant."""
    title = KAIFA_MBUS[11:19]
    kaifa = meter("kaifa", meter_system_title=title.hex(), encryption_key=KAIFA_KEY.hex())
    await exchange.open(**kaifa, METERS__KAIFA__SECURITY="encryption")
    await exchange.call(KAIFA_MBUS)
    [row] = await exchange.stored()
    assert (row["active_energy"], row["voltage_l1"], row["current_l1"]) == (12937, 233.7, 0)
    assert sum("more than a year ago" in line for line in exchange.lines) == 1, "a frame of 2021"


async def test_a_ciphered_message_is_stored_once_and_its_counter_outlives_the_process(exchange, now_s):
    await exchange.open(**ciphered_meter())
    made = pushing(ciphered=True)
    first = message(made, now_s)
    await exchange.call(first)
    await exchange.stored()
    await exchange.call(first)
    await exchange.refused("replayed")
    await exchange.close()
    await exchange.open(**ciphered_meter())
    await exchange.call(first)
    await exchange.refused("replayed", 2)
    await exchange.call(message(made, now_s + 1))
    assert len(await exchange.stored(2)) == 2


async def test_a_meter_with_a_new_key_may_count_anew(exchange, now_s):
    await exchange.open(**ciphered_meter())
    await exchange.call(message(pushing(ciphered=True, counter=10_000), now_s))
    await exchange.stored()
    await exchange.close()
    new = bytes(range(0x40, 0x50))
    await exchange.open(**ciphered_meter() | {"METERS__MAIN__ENCRYPTION_KEY": new.hex()})
    keys = Keys(0, new, bytes.fromhex(KEYS["AUTHENTICATION_KEY"]))
    await exchange.call(message(pushing(ciphered=True, keys=keys, counter=5), now_s + 1))
    await exchange.stored(2)


async def test_a_wrong_key_is_listed_and_stored_is_nothing(exchange, now_s):
    await exchange.open(**ciphered_meter() | {"METERS__MAIN__AUTHENTICATION_KEY": "00" * 16})
    await exchange.call(message(pushing(ciphered=True), now_s))
    await exchange.refused("wrong-key")
    [caller] = exchange.callers
    assert (caller.title, caller.reason) == (TITLE.hex().upper(), "wrong-key")
    assert await exchange.rows() == []


async def test_a_wrong_key_burns_no_counter(exchange, now_s):
    """Else whoever knows a title could lock its meter out."""
    await exchange.open(**ciphered_meter())
    strange = Keys(0, bytes(16), bytes(16))
    await exchange.call(message(pushing(ciphered=True, keys=strange, counter=4_000_000_000), now_s))
    await exchange.refused("wrong-key")
    await exchange.call(message(pushing(ciphered=True), now_s))
    await exchange.stored()


async def test_a_plain_message_of_a_meter_with_keys_wants_a_yes(exchange, now_s):
    known = {"METERS__MAIN__LOGICAL_DEVICE_NAME": "GRX0000000000007"}
    await exchange.open(**ciphered_meter() | known)
    await exchange.call(message(pushing(), now_s))
    await exchange.refused("plain")
    assert await exchange.rows() == []
    assert "PUSH_PLAIN=true" in exchange.callers[0].said
    await exchange.close()
    await exchange.open(**ciphered_meter(push_plain="true") | known)
    await exchange.call(message(pushing(), now_s))
    await exchange.stored()


async def test_encryption_alone_does_not_do_where_authentication_is_asked_for(exchange, now_s):
    await exchange.open(**ciphered_meter())
    await exchange.call(message(pushing(ciphered=True, security="encryption"), now_s))
    await exchange.refused("unauthenticated")
    await exchange.close()
    await exchange.open(**ciphered_meter(security="encryption"))
    await exchange.call(message(pushing(ciphered=True, security="encryption"), now_s))
    await exchange.stored()


async def test_keys_show_whose_a_message_is_where_the_address_is_all_that_is_known(exchange):
    known = meter(
        "glo", host="127.0.0.1", encryption_key=GENERAL_GLO_KEY.hex(), authentication_key=GENERAL_GLO_KEY.hex()
    )
    await exchange.open(**known)
    await exchange.call(GENERAL_GLO)
    await exchange.until("messages_total", 1, result="empty")
    assert exchange.callers == []


async def test_a_plain_message_that_states_its_time_is_stored_once(exchange, now_s):
    await exchange.open(**meter(logical_device_name="GRX0000000000007"))
    twice = message(pushing(), now_s)
    await exchange.call(twice + twice)
    await exchange.until("messages_total", 1, result="doubled")
    assert len(await exchange.stored()) == 1
    await exchange.call(wrapped(SMR5_ALARM))  # another's
    await exchange.refused("unknown-meter")


async def test_a_plain_message_without_a_time_is_a_new_one_each_time(exchange):
    await exchange.open(**meter(host="127.0.0.1"))
    await exchange.call(AIDON_HAN * 2)
    rows = await exchange.stored(2)
    assert len({row["ts"] for row in rows}) == 2, "each under a time of its own"
    assert {row["active_power"] for row in rows} == {7482}


async def test_events_are_named(exchange, now_s):
    await exchange.open(**meter(host="127.0.0.1"))
    await exchange.call(message(pushing(body="event"), now_s))
    [row] = await exchange.stored()
    assert (row["event_code"], row["event"], row["event_log"]) == (40, "terminal cover opened", "standard")


async def test_values_alone_need_an_order(exchange, now_s, tmp_path):
    await exchange.open(**meter(host="127.0.0.1"))
    await exchange.call(message(pushing(body="values"), now_s))
    await exchange.until("messages_total", 1, result="empty")
    assert sum("values that nothing names" in line for line in exchange.lines) == 1
    await exchange.close()
    (tmp_path / "mine.toml").write_text(
        'registers = [{key = "energy", obis = "1-0:1.8.0"}]\n[[pushes]]\nobis = "0-0:1.0.0"\nclass = 8\n'
        + "".join(
            f'[[pushes]]\nobis = "1-0:{n}.7.0"\nkey = "value{n}"\nscaler = -1\nunit = "V"\n' for n in range(count_of())
        )
    )
    await exchange.open(**meter(host="127.0.0.1", profile="mine"), PROFILES_DIR=str(tmp_path))
    await exchange.call(message(pushing(body="values"), now_s + 1))
    [row] = await exchange.stored()
    assert "value0" in row
    assert row["ts"] == (now_s + 1) * 1000


def count_of():
    """How many values the demo meter pushes besides its clock."""
    from bridge.dlms.push import PushStream, open_notification  # noqa: PLC0415 - here alone

    [apdu] = PushStream().feed(message(pushing(body="values"), AT_S))
    return len(open_notification(apdu.apdu, lambda _: None).body) - 1


async def test_a_value_whose_scaler_nobody_knows_is_left_out_and_named_once(exchange):
    push = bytes.fromhex("0F 00000001 00 0202 0906 0100010800FF 06 0001E240")
    await exchange.open(**meter(host="127.0.0.1"))
    await exchange.call(wrapped(push) * 2)
    await exchange.until("messages_total", 2, result="empty")
    assert sum("1-0:1.8.0 without a scaler" in line for line in exchange.lines) == 1


async def test_the_scaler_that_a_meter_stated_when_it_was_read_holds_for_its_pushes_after_a_restart(exchange):
    push = bytes.fromhex("0F 00000001 00 0202 0906 0100010800FF 06 0001E240")
    exchange.fleet.stated["main"] = {"1.0.1.8.0.255": (-2, "Wh")}
    await exchange.open(METERS__MAIN__HOST="127.0.0.1", METERS__MAIN__PROFILE="single_phase")
    await exchange.call(wrapped(push))
    [row] = await exchange.stored()
    assert [value for key, value in row.items() if key not in ("ts", "meter")] == [1234.56]
    await exchange.close()
    exchange.fleet.stated.clear()
    await exchange.open(METERS__MAIN__HOST="127.0.0.1", METERS__MAIN__PROFILE="single_phase")
    await exchange.call(wrapped(push))
    await exchange.stored(2)


async def test_a_clock_that_is_wrong_gives_the_time_of_arrival_and_is_named_once(exchange, now_s):
    await exchange.open(**meter(logical_device_name="GRX0000000000007"))
    made = pushing()
    await exchange.call(message(made, now_s + 86_400) + message(made, now_s + 86_401))
    rows = await exchange.stored(2)
    assert all(abs(row["ts"] - now_s * 1000) < 120_000 for row in rows)
    assert sum("ahead of now" in line for line in exchange.lines) == 1


async def test_nothing_more_is_read_before_what_came_is_on_disk(exchange, now_s):
    await exchange.open(writes=False, **meter(logical_device_name="GRX0000000000007"))
    made = pushing()
    _, writer = await exchange.call(message(made, now_s))
    async with asyncio.timeout(10):
        while not len(exchange.outbox._memory):
            await asyncio.sleep(0.01)
    for second in range(1, 60):
        writer.write(message(made, now_s + second))
    await writer.drain()
    await asyncio.sleep(0.2)
    assert len(exchange.outbox._memory) == 1, "the first message waits for the disk, all others in TCP"
    assert exchange.figure("messages_total", result="stored") == 0
    exchange.write()
    assert len(await exchange.stored(60)) == 60


async def test_a_datagram_is_a_message_and_a_flood_of_them_is_dropped_and_counted(exchange):
    await exchange.open(LISTEN__UDP="true", LISTEN__MESSAGES_PER_SECOND="5", **meter(host="127.0.0.1"))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", exchange.port)
    )
    transport.sendto(AIDON_HAN)
    await exchange.stored()
    transport.sendto(wrapped(bytes(100))[:50])
    await exchange.refused("incomplete")
    for _ in range(200):
        transport.sendto(AIDON_HAN)
    await exchange.refused("too-fast", 100)
    assert exchange.listener._board.memory.held < 1000
    transport.close()
