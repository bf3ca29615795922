"""A meter's life as Home Assistant itself sees it: real meter process, real bridge, the broker's own script, its ACL.

It appears, dies, comes back; the bridge is killed; the meter leaves the settings while the bridge is off.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge import demo
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.ports import free_port
from tests.home_assistant.program import HomeAssistantProcess, command

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]


class Meter:
    """A demo meter in a process of its own, which can be killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process = None

    def start(self) -> None:
        words = [sys.executable, "-m", "bridge", "demo-meter", "--port", str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def meter():
    meter = Meter()
    meter.start()
    yield meter
    meter.kill()


@pytest.fixture
def broker(tmp_path):
    command()  # skips before anything is started
    with MosquittoContainer(tmp_path) as container:
        container.start()
        container.until(container.serves)
        yield container


def settings(name: str, port: int) -> dict[str, str]:
    of = f"METERS__{name.upper()}__"
    return {
        f"{of}HOST": "127.0.0.1", f"{of}PORT": str(port), f"{of}PROFILE": "microstar",
        f"{of}PASSWORD": demo.DEMO_PASSWORD, f"{of}DEVICE": "Main building",
    }  # fmt: skip


def test_it_appears_dies_comes_back_and_is_removed(tmp_path, broker, meter):
    folder = tmp_path / "bridge"
    folder.mkdir()
    bridge = BridgeProcess(folder, broker, HOME_ASSISTANT__DISCOVERY="true", POLL__INTERVAL="1")
    password = broker.password_of("home-assistant")
    energy, voltage = "main_building_active_energy", "main_building_voltage_l1"
    with HomeAssistantProcess(tmp_path / "hass", broker.neighbours_port, password) as home:
        try:

            def has_value() -> bool:
                return (home.state_of(energy) or "").isdigit()

            home.until("connected", lambda: home.ready is True)
            bridge.start(**settings("main", meter.port))
            home.until("a value", has_value)
            assert float(home.state_of(voltage)) > 50
            shown = home.states[f"sensor.{energy}"]["attributes"]
            assert (shown["device_class"], shown["state_class"], shown["unit_of_measurement"]) == (
                "energy", "total_increasing", "Wh",
            )  # fmt: skip
            assert shown["quality"] == "ok"
            [device] = home.devices()
            assert (device["name"], device["ids"]) == ("Main building", ["dlms_bridge_main"])

            meter.kill()
            home.until("the meter is away", lambda: home.state_of(energy) == "unavailable")
            meter.start()
            home.until("the meter is back", has_value)

            bridge.kill()
            home.until("the bridge is away", lambda: home.state_of(energy) == "unavailable")
            bridge.start(**settings("main", meter.port))
            home.until("the bridge is back", has_value)
            bridge.stop()
            home.until("the bridge was stopped", lambda: home.state_of(energy) == "unavailable")

            bridge.start(**settings("other", meter.port))
            home.until("the meter is gone", lambda: not home.states.get(f"sensor.{energy}"))
            home.until("the other is there", lambda: any(one["ids"] == ["dlms_bridge_other"] for one in home.devices()))
            assert [one["ids"] for one in home.devices()] == [["dlms_bridge_other"]]
            bridge.stop()

            bridge.start(**settings("other", meter.port), HOME_ASSISTANT__DISCOVERY="false")
            home.until("switched off", lambda: home.devices() == [])
            assert home.states == {}
            # It is said to whoever comes later, too, and Home Assistant wonders at what it does not know.
            assert [said for said in home.warnings if "No device components to cleanup for" not in said] == []
        finally:
            bridge.kill()
