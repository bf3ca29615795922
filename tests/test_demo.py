"""The demo meter is plausible, repeatable, and speaks DLMS by gurux's server side."""

import asyncio
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from bridge.demo import household, serve

TIMES = st.floats(1_750_000_000, 1_900_000_000)


@given(TIMES)
def test_the_load_is_plausible_at_any_time(now_s):
    raw = household(now_s)
    assert 11500 <= raw["1.1.32.7.0.255"] <= 13800  # V, two decimals
    assert 5900 <= raw["1.1.14.7.0.255"] <= 6100  # Hz, two decimals
    assert 0 <= raw["1.1.1.7.0.255"] <= 2000  # W
    voltage_v, current_a = raw["1.1.32.7.0.255"] / 100, raw["1.1.31.7.0.255"] / 1000
    assert abs(voltage_v * current_a - raw["1.1.1.7.0.255"]) < 2


@given(TIMES, st.floats(0.0, 100_000.0))
def test_energy_only_rises_and_is_the_integral_of_the_power(now_s, later_s):
    before, after = household(now_s)["1.1.1.8.0.255"], household(now_s + later_s)["1.1.1.8.0.255"]
    assert after >= before
    assert after - before <= 2000 * later_s / 3600 + 2


def test_values_move_over_time():
    assert household(1_800_000_000.0) != household(1_800_000_060.0)


async def test_two_clients_are_served_at_once_each_with_an_association_of_its_own():
    server = await serve()
    port = server.sockets[0].getsockname()[1]
    snrm = bytes.fromhex("7EA0070303938C117E")
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in pairs:
        writer.write(snrm)
        answer = await asyncio.wait_for(reader.readuntil(b"\x7e"), 5) + await asyncio.wait_for(reader.read(100), 5)
        assert answer[5] == 0x73  # UA
    for _, writer in pairs:
        writer.close()
    server.close()


def test_the_command_line_serves_it_on_loopback_and_says_how_to_reach_it():
    command = [sys.executable, "-u", "-m", "bridge", "demo-meter", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meter:
        try:
            line = meter.stdout.readline()
        finally:
            meter.terminate()
    assert line.startswith("demo meter on 127.0.0.1:")
    assert "hdlc, client 1, server 1, password" in line
