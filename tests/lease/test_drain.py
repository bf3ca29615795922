"""``bridge drain``: what waits on the disk of a machine that lost its shard, by a real broker."""

from __future__ import annotations

import queue

import pytest

from bridge import drain
from bridge.cli.drain.shard_folders import settings_of_folders
from bridge.configuration.load import load
from bridge.errors import ConfigError
from tests.app.seen import accepted, one_meter, stamps, until
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.broker import listener, running_broker

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


class Drain(BridgeProcess):
    words = ("drain",)


@pytest.fixture
def processes(tmp_path, broker):
    """Starts the shard's bridge, and a drain of its folder."""
    started = []

    def start(kind, **environ):
        one = kind(tmp_path, broker, LOG__LEVEL="DEBUG", **environ)
        one.log = tmp_path / f"{len(started)}.log"
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.kill()


def test_it_sends_all_that_waits_and_lets_go_of_the_folder_when_a_bridge_wants_it(processes, broker, tmp_path):
    broker.kill()
    first = processes(BridgeProcess)  # the demo meter
    until(lambda: len(accepted(first.lines())) >= 5)
    first.kill()
    waiting = accepted(first.lines())

    draining = processes(Drain)
    draining.says("samples wait here: sending")
    second = processes(BridgeProcess)  # wants the folder while the broker is away
    draining.says("a bridge wants it: letting go")
    until(lambda: len(accepted(second.lines())) >= 3)
    assert second.stop() == 0
    waiting |= accepted(second.lines())

    broker.start()
    arrived = queue.Queue()
    with listener(broker.port, "v1/#", on_message=lambda *message: arrived.put(message)) as subscriber:
        until(subscriber.is_connected)
        draining.says("0 left")
        seen = stamps(arrived)
    assert waiting <= seen
    assert draining.stop() == 0


def test_it_leaves_a_folder_alone_that_a_bridge_has_in_use(processes, broker):
    broker.kill()
    running = processes(BridgeProcess)
    until(lambda: len(accepted(running.lines())) >= 3)
    draining = processes(Drain)
    draining.says("looks after 1 data folder")
    until(lambda: len(accepted(running.lines())) >= 8)
    assert "sending" not in draining.lines()


def test_a_drain_needs_no_meter(tmp_path):
    thingsboard = {"THINGSBOARD__HOST": "tb.example.com", "THINGSBOARD__TOKEN": "abc", "BROKER__HOST": "mosquitto"}
    assert load({**thingsboard, "SHARD__DRAIN_ONLY": "true"}, tmp_path).shard.drain_only
    with pytest.raises(ConfigError, match="without a meter there is nothing to send"):
        load(thingsboard, tmp_path)


def test_it_goes_through_a_broker_or_not_at_all(tmp_path):
    alone = load({"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "abc", "SHARD__DRAIN_ONLY": "true"}, tmp_path)
    with pytest.raises(ConfigError, match="a drain goes through the broker of the shard"):
        drain.run([alone])


def test_each_shard_has_its_folder_and_its_broker(tmp_path):
    folders = settings_of_folders(
        {
            "DATA_DIR": f"{tmp_path}/{{shard}}", "BROKER__HOST": "mosquitto-{shard}", "SHARD__COUNT": "3",
            "THINGSBOARD__HOST": "tb.example.com", "THINGSBOARD__TOKEN": "abc", **one_meter(4059),
        }
    )  # fmt: skip
    assert [(one.data_dir.name, one.broker.host, one.shard.number) for one in folders] == [
        ("1", "mosquitto-1", 1), ("2", "mosquitto-2", 2), ("3", "mosquitto-3", 3),
    ]  # fmt: skip
