"""Whole bridges that share out a fleet: each meter is read by one, and what waited when it grew is not forgotten."""

from __future__ import annotations

import pytest

from bridge.configuration.sharding import shard_of
from bridge.demo import DEMO_PASSWORD
from tests.app.seen import accepted, stamps, until
from tests.fakes.bridge_process import BridgeProcess

pytestmark = pytest.mark.broker


def fleet_of(ports):
    """Settings of a meter at each port, and the shard of two that reads it."""
    environ, owners = {}, {}
    for port in ports:
        given = {"HOST": "127.0.0.1", "PORT": str(port), "PROFILE": "microstar", "PASSWORD": DEMO_PASSWORD}
        environ |= {f"METERS__AT{port}__{name}": value for name, value in given.items()}
        owners[f"at{port}"] = shard_of(f"127.0.0.1:{port}", 2)
    return environ, owners


@pytest.fixture
def fleet(meters):
    """Meters of which each of two shards has some: ports are as luck gives them."""
    ports = [meters("hdlc") for _ in range(3)]
    while len(set(fleet_of(ports)[1].values())) < 2:
        ports.append(meters("hdlc"))
    return fleet_of(ports)


@pytest.fixture
def shards(tmp_path, broker, fleet):
    """Starts the bridge of a shard, with a folder of its own."""
    started = []

    def start(index, count=2):
        folder = tmp_path / f"shard-{index}"
        folder.mkdir(exist_ok=True)
        own = {"SHARD__COUNT": str(count), "SHARD__INDEX": str(index), "LOG__LEVEL": "DEBUG"}
        started.append(BridgeProcess(folder, broker, **fleet[0], **own))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_each_meter_is_read_by_its_own_shard_and_by_no_other(shards, fleet):
    _, owners = fleet
    bridges = {index: shards(index) for index in (2, 1)}  # the order does not matter
    for index, bridge in bridges.items():
        own = {meter for meter, owner in owners.items() if owner == index}
        until(lambda bridge=bridge, own=own: {meter for meter, _ in accepted(bridge.lines())} >= own, timeout_s=60)
        assert {meter for meter, _ in accepted(bridge.lines())} == own
        assert f'dlms_shard_info{{shard="{index}",shards="2"}} 1.0' in bridge.get("/metrics")
        assert f"shard {index} of 2 | {len(own)} meter" in bridge.lines()
        assert f"\nshard {index} of 2\n" in bridge.command("status").stdout


def test_what_waits_for_a_meter_that_moved_is_sent_by_the_shard_that_has_it(shards, fleet, broker, messages):
    _, owners = fleet
    broker.kill()
    alone = shards(1, count=1)
    until(lambda: {meter for meter, _ in accepted(alone.lines())} == set(owners), timeout_s=60)
    alone.kill()
    waiting = accepted(alone.lines())
    moved = {meter for meter, owner in owners.items() if owner == 2}
    broker.start()
    shards(1)
    seen = set()

    def arrived():
        seen.update(stamps(messages))
        return waiting <= seen

    until(arrived, timeout_s=60)
    assert {meter for meter, _ in waiting} >= moved


def test_a_shard_that_no_meter_falls_to_reads_none_and_no_demo_meter(tmp_path, broker, bridge):
    owner = shard_of("127.0.0.1:1", 2)
    one = bridge(
        METERS__FAR__HOST="127.0.0.1", METERS__FAR__PORT="1", SHARD__COUNT="2", SHARD__INDEX=str(3 - owner)
    )  # fmt: skip
    one.says("| 0 meters |")
    one.says("how it is, in a browser")
    until(lambda: '"meters":[]' in one.get("/status").replace(" ", ""), timeout_s=60)
    assert "demo meter" not in one.lines()
    assert one.stop() == 0
