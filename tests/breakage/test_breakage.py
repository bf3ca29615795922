"""Each thing is broken on purpose: the matching metric, log line, status row and alert, and none of the others."""

import asyncio
import os
import signal
import subprocess

import pytest

from bridge.health.watchdog import HUNG_EXIT_CODE
from tests.breakage.plant import Plant, quicker
from tests.fakes.programs import missing

pytestmark = [pytest.mark.broker, pytest.mark.promtool, pytest.mark.timeout(300)]


@pytest.fixture
async def plant(tmp_path):
    plant = Plant(tmp_path)
    try:
        await plant.start()
        yield plant
    finally:
        await plant.stop()


async def shows(plant, *, alert, log, series, wrong):
    """Wait for the four signs of a trouble; no other alert may have fired and no other line be wrong."""
    await plant.until(lambda: plant.figure(series[0]) == series[1], f"{series[0]} is {series[1]}")
    await plant.until(lambda: log in plant.log.read_text(), f"the log says {log!r}")
    await plant.until(lambda: alert in plant.firing(), f"{alert} fires")
    complaints = await asyncio.to_thread(plant.wrong)
    assert [said for said in complaints if not said.startswith(wrong)] == []
    assert complaints
    code, table = await asyncio.to_thread(plant.command)
    assert code == 1
    # A meter's own complaint is its row: the name, its state, and the reason on a line of its own.
    *state, reason = complaints[0].partition(" for ")[0].split(", ", 1)
    assert reason in " ".join(table.split())
    assert all(part in table for said in state for part in said.split(": "))
    assert await asyncio.to_thread(plant.fired) == {alert}


async def is_well_again(plant, *, alert, log):
    """Wait until nothing is wrong any more and nothing fires; nothing else has fired on the way."""
    await plant.until(lambda: not plant.wrong(), "nothing is wrong any more")
    await plant.until(lambda: log in plant.log.read_text(), f"the log says {log!r}")
    await plant.until(lambda: not plant.firing(), "nothing fires")
    assert (await asyncio.to_thread(plant.command))[0] == 0
    assert await asyncio.to_thread(plant.fired) == {alert}


def test_every_duration_of_the_rules_is_made_quicker_alike():
    assert quicker("for: 1m\nincrease(x[7h]) offset 30m") == "for: 5000ms\nincrease(x[2100000ms]) offset 150000ms"


async def test_a_meter_that_is_switched_off(plant):
    plant.meters["main"].off()
    await shows(
        plant,
        alert=("MeterDown", "main"),
        log="main | tcp | ",
        series=('dlms_meter_up{meter="main"}', 0),
        wrong="main: failing, tcp: ",
    )
    assert (await asyncio.to_thread(plant.row, "main"))["next_attempt_in_s"] is not None
    assert (await asyncio.to_thread(plant.row, "cellar"))["state"] == "reading"
    await plant.meters["main"].on()
    await is_well_again(plant, alert=("MeterDown", "main"), log="main | back after")


async def test_a_broker_that_is_killed(plant):
    await plant.broker.kill()
    await shows(
        plant,
        alert=("BrokerDown", ""),
        log="broker | ",
        series=("dlms_broker_connected", 0),
        wrong="broker: not connected",
    )
    assert (await asyncio.to_thread(plant.get, "/readyz"))[0] == 503
    await plant.broker.start()
    await is_well_again(plant, alert=("BrokerDown", ""), log="broker | works again")


async def test_a_thingsboard_that_goes_away(plant):
    await plant.thingsboard.stop()
    await shows(
        plant,
        alert=("UpstreamDown", ""),
        log="upstream | Mosquitto has no connection to ThingsBoard",
        series=("dlms_upstream_connected", 0),
        wrong="upstream: Mosquitto has no connection to ThingsBoard",
    )
    await plant.thingsboard.start()
    await is_well_again(plant, alert=("UpstreamDown", ""), log="upstream | works again")


async def test_a_meter_whose_password_is_changed(plant):
    meter = plant.meters["main"]
    meter.off()
    meter.password = "another"
    await meter.on()
    await shows(
        plant,
        alert=("MeterAuthenticationRefused", "main"),
        log="main | auth | ",
        series=('dlms_meter_errors_total{meter="main",stage="auth"}', 1),
        wrong="main: ",
    )
    await plant.until(lambda: plant.row("main")["state"] == "left alone", "the meter is left alone")
    assert "12345678" not in plant.log.read_text()


async def test_a_meter_whose_clock_is_wrong(plant):
    plant.meters["main"].clock_off_s = -3600
    await plant.until(
        lambda: plant.figure('dlms_meter_clock_drift_seconds{meter="main"}') < -3590, "the drift is an hour"
    )
    await plant.until(lambda: "main | its clock differs from ours by -36" in plant.log.read_text(), "the log says so")
    await plant.until(lambda: ("MeterClockDrift", "main") in plant.firing(), "the alert", timeout_s=150)
    complaints = await asyncio.to_thread(plant.wrong)
    assert [said.partition("-36")[0] for said in complaints] == ["main: its clock differs from ours by "]
    assert (await asyncio.to_thread(plant.row, "main"))["clock_drift_s"] < -3590
    assert (await asyncio.to_thread(plant.command))[0] == 1
    assert await asyncio.to_thread(plant.fired) == {("MeterClockDrift", "main")}
    plant.meters["main"].clock_off_s = 0
    await is_well_again(plant, alert=("MeterClockDrift", "main"), log="main | its clock is right again")


async def test_an_event_loop_that_hangs(plant):
    plant.bridge.send_signal(signal.SIGUSR1)
    await shows(
        plant,
        alert=("BridgeHangs", ""),
        log="",
        series=('dlms_meter_up{meter="main"}', 1),
        wrong=("bridge: the event loop has not run", "main: ", "cellar: "),
    )
    assert (await asyncio.to_thread(plant.get, "/healthz"))[0] == 503
    assert await asyncio.to_thread(plant.bridge.wait, 90) == HUNG_EXIT_CODE
    assert "Timeout (0:01:00)!" in plant.log.read_text()
    await plant.until(lambda: plant.firing() == {("BridgeDown", "")}, "only that the bridge is down")
    assert (await asyncio.to_thread(plant.command))[0] == 2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own for the bridge's data."""
    if os.geteuid() != 0:
        missing("a small file system for the disk that fills needs root")
    folder = tmp_path / "data"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        missing(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_disk_that_is_full(small_disk, plant):
    filler = small_disk / "filler"

    def fill():
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    # Samples must wait for the disk, or the outbox lives in the room that it has already.
    await plant.thingsboard.stop()
    await plant.until(lambda: plant.figure("dlms_upstream_connected") == 0, "ThingsBoard is gone")
    fill()
    await plant.until(lambda: any(said.startswith("disk: ") for said in plant.wrong()), "the disk is said to fail")
    await plant.thingsboard.start()
    await plant.until(lambda: ("OutboxNotWritable", "") in plant.firing(), "the alert")
    assert "outbox | " in plant.log.read_text()
    assert await asyncio.to_thread(plant.figure, 'dlms_meter_up{meter="main"}') == 1
    filler.unlink()
    await plant.until(lambda: not plant.wrong(), "nothing is wrong any more")
    await plant.until(lambda: not plant.firing(), "nothing fires")
    assert "outbox (writing) | works again" in plant.log.read_text()
    assert await asyncio.to_thread(plant.fired) <= {("OutboxNotWritable", ""), ("UpstreamDown", "")}
