"""``mosquitto/neighbours/README.md``, the contract of the live values: what it shows is what the bridge sends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

from bridge.configuration.profile import load_profile
from bridge.delivery.messages import live
from bridge.sample import Sample, Value
from tests.fakes.neighbour import Neighbour
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

NEIGHBOURS = Path(__file__).parents[2] / "mosquitto" / "neighbours"
PAGE = (NEIGHBOURS / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```json\n(.*)\n```", PAGE)[1]


def block(opening: str) -> str:
    return re.search(rf"```\n({re.escape(opening)}\n.*?)```", PAGE, re.DOTALL)[1]


def test_the_example_is_what_is_sent_byte_for_byte():
    values = [
        Value("voltage_l1", "1-0:32.7.0", 135.19, "V"),
        Value("active_energy", "1-0:1.8.0", 23932306, "Wh"),
        Value("frequency", "1-0:14.7.0", None, "Hz", "NaN"),
    ]
    assert live(Sample("main", 1795476031372, values)) == ("meters/main", EXAMPLE.encode())
    assert live(Sample("a/b+c#", 1, values))[0] == "meters/a_b_c_"


@pytest.mark.broker
def test_a_real_bridge_sends_what_the_page_says(container, bridge):
    password = container.password_of("telegraf")
    with Neighbour(container.neighbours_port, "telegraf", password, "#") as first:
        first.until(lambda: len(first.of("meters/main")) >= 2)
    with Neighbour(container.neighbours_port, "telegraf", password, "meters/+") as later:
        later.until(lambda: later.heard)
        topic, payload, retained = later.heard[0]
        assert (topic, retained) == ("meters/main", True)
    said = json.loads(payload)
    assert set(said) == {"ts", "values"}
    assert isinstance(said["ts"], int)
    assert list(said["values"]) == [one.key for one in load_profile("microstar").registers]
    assert all(set(one) <= {"value", "unit", "quality"} for one in said["values"].values())
    assert {key: one["unit"] for key, one in said["values"].items()} == {
        "voltage_l1": "V", "current_l1": "A", "frequency": "Hz", "active_power": "W", "active_energy": "Wh",
    }  # fmt: skip


@pytest.mark.broker
def test_another_broker_fetches_the_meters_as_the_page_says(container, tmp_path):
    """Home Assistant's own broker, with the page's section in its configuration."""
    port, folder = free_port(), tmp_path / "other"
    section = block("connection dlms-bridge").replace("192.168.1.10:1884", f"127.0.0.1:{container.neighbours_port}")
    section = section.replace("7c1f…", container.password_of("home-assistant"))
    folder.mkdir()
    (folder / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n\n{section}")
    ours = Neighbour(container.port, "bridge", container.password_of("bridge"), "homeassistant/status")
    with (folder / "log").open("wb") as log:
        other = subprocess.Popen([find_program("mosquitto"), "-c", folder / "conf"], stdout=log, stderr=log)
    try:
        container.until(lambda: _listens(port))
        with ours, Neighbour(port, "any", "any", "meters/+", "availability/#", "homeassistant/+/+/config") as home:
            config = "homeassistant/device/dlms_bridge_main/config"
            for topic in ("meters/main", "availability/bridge", "availability/meters/main", config):
                assert ours.says(topic, b"{}", retain=True) == "Success"
            home.until(lambda: {topic for topic, *_ in home.heard} == {
                "meters/main", "availability/bridge", "availability/meters/main", config,
            })  # fmt: skip
            home.says("homeassistant/status", b"online")
            home.says("meters/main", b"forged")
            ours.until(lambda: ours.of("homeassistant/status") == [b"online"])
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()


def test_telegrafs_block_is_toml_and_reads_what_is_sent():
    """Telegraf itself is in no package registry. Its queries were tried by hand on the libraries that it asks."""
    (consumer,) = tomllib.loads((NEIGHBOURS / "telegraf.conf").read_text())["inputs"]["mqtt_consumer"]
    (rule,) = consumer["xpath"]
    said = json.loads(EXAMPLE)
    assert consumer["topics"] == ["meters/+"]
    assert rule["timestamp"].removeprefix("/") in said
    assert rule["metric_selection"].startswith("/values/*[")
    assert {rule["tags"]["unit"], "value", "quality"} == {field for one in said["values"].values() for field in one}


def _listens(port: int) -> bool:
    ask = [find_program("mosquitto_pub"), "-p", str(port), "-t", "x", "-n"]
    return subprocess.run(ask, capture_output=True, check=False).returncode == 0
