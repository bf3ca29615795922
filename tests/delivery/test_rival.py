"""Two bridges with one token: each throws the other out, and each must say so and lose nothing."""

import pytest
from loguru import logger

from tests.delivery.conftest import figure
from tests.delivery.rig import Rig
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import ThingsBoard

pytestmark = pytest.mark.broker


# The suspicion is tried in sessions of several seconds each: a minute of real time on a busy machine.
@pytest.mark.timeout(300)
async def test_a_second_user_of_the_token_is_named_and_costs_no_sample(tmp_path):
    lines = []
    handler = logger.add(lines.append, format="{level} {message}")
    async with (
        ThingsBoard() as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        async with Mosquitto(upstream_port=server.port):
            rig.put(1, 50)
            await rig.until(lambda: figure(rig.metrics.upstream_token_shared) == 1, 120)
            assert figure(rig.metrics.upstream_short_sessions) >= 3
        rig.put(51, 50)
        await rig.until(lambda: rig.confirmed == 100, 120)
        await server.until(100)
    logger.remove(handler)
    assert {ts_ms for _, ts_ms in server.telemetry} == set(range(1, 101))
    assert sum("something else uses this token" in line for line in lines) == 1
    assert server.counts["thrown out"] >= 3
