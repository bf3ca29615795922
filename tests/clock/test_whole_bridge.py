"""A real bridge on a machine whose clock is wrong, is stepped, and whose power goes. See ``machine.py``."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.clock.machine import Machine, cannot
from tests.fakes.broker import listener, running_broker
from tests.fakes.ports import free_port

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240), pytest.mark.skipif(bool(cannot()), reason=cannot())]

DAY_S = 86_400
READ = re.compile(r"^(\S+ \S+) INFO +demo \| ", re.MULTILINE)
"""A line a reading, under the wall clock's time."""


class Site:
    """The machine, its broker, and what arrives there: the time of each sample, in order."""

    def __init__(self, folder, broker) -> None:
        self.broker = broker
        self.arrived: dict[int, dict] = {}  # time → values; what is sent twice comes under its own time again
        self.twice: list[int] = []
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DATA_DIR": str(folder / "data"),
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(broker.port),
            "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
            "HEALTH__PORT": str(free_port()),
            "POLL__INTERVAL": "0.25",
        }
        self.folder = folder
        self.machine: Machine

    def machine_is(self, *, off_s: float, up_s: float) -> Machine:
        self.machine = Machine(self.folder, self.environ, off_s=off_s, up_s=up_s)
        return self.machine

    def take(self, topic: str, payload: bytes, _retained: bool) -> None:
        if topic == "v1/gateway/telemetry":
            for entry in json.loads(payload).get("demo", ()):
                if self.arrived.setdefault(entry["ts"], entry["values"]) != entry["values"]:
                    self.twice.append(entry["ts"])

    @property
    def log(self) -> str:
        return self.machine.log.read_text()

    @property
    def reads(self) -> list[float]:
        """When the log says that the meter was read, by the wall clock, Unix seconds."""
        return [datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for at in READ.findall(self.log)]

    def until(self, condition, what: str) -> None:
        until_s = time.monotonic() + 100
        while not condition():
            assert self.machine.process.poll() is None, self.log
            assert time.monotonic() < until_s, f"{what}\n{self.log}"
            time.sleep(0.05)

    def until_said(self, text: str, times: int = 1) -> None:
        self.until(lambda: self.log.count(text) >= times, text)

    def until_read(self, more: int) -> None:
        wanted = len(self.reads) + more
        self.until(lambda: len(self.reads) >= wanted, f"{more} more readings")

    def until_arrived(self, more: int) -> None:
        wanted = len(self.arrived) + more
        self.until(lambda: len(self.arrived) >= wanted, f"{more} more samples")


@pytest.fixture
def site(tmp_path):
    with running_broker(tmp_path) as broker:
        made = Site(tmp_path, broker)
        with listener(broker.port, "v1/#", on_message=made.take):
            yield made
        made.machine.kill()


def assert_sound(site, began_s: float) -> None:
    """Every sample that arrived has a time of its own, and it is the true one."""
    assert site.twice == []
    assert began_s - 1 <= min(site.arrived) / 1000
    assert max(site.arrived) / 1000 <= time.time() + 1


@pytest.mark.parametrize("off_s", [-366 * DAY_S, 1000 - time.time()], ids=["a year behind", "1970"])
def test_what_was_read_under_a_wrong_clock_arrives_under_the_right_one_over_a_power_cut_of_the_bridge(site, off_s):
    began_s = time.time()
    machine = site.machine_is(off_s=off_s, up_s=3)
    machine.start()
    site.until_said("clock is not trusted")
    site.until_read(20)
    machine.kill()  # the bridge alone: the machine goes on
    on_disk = len(site.reads)
    machine.start()
    site.until_read(10)
    assert site.arrived == {}
    machine.synchronise()
    site.until_said("samples have their time now")
    site.until_arrived(on_disk)
    assert_sound(site, began_s)
    truly = sorted(site.arrived)[: on_disk - 8]  # the last second may have gone with the bridge
    said = [at_s - off_s for at_s in site.reads][: len(truly)]
    assert all(abs(ts_ms / 1000 - at_s) < 2.5 for ts_ms, at_s in zip(truly, said, strict=True))
    assert not any("voltage_l1_quality" in values for values in site.arrived.values())


def test_a_confirmed_clock_that_is_stepped_changes_nothing_during_a_backlog_and_a_drain(site):
    began_s = time.time()
    machine = site.machine_is(off_s=0, up_s=7200)
    machine.synchronise()
    machine.start()
    site.until_arrived(5)
    site.broker.kill()
    for off_s in (60, -60, 3600, -3600, DAY_S, -366 * DAY_S):
        machine.set_clock(off_s)
        site.until_read(6)
    site.broker.start()
    site.until_arrived(10)
    machine.set_clock(DAY_S)
    site.until_arrived(20)
    machine.synchronise()
    site.until_said("is trusted: a time service keeps it", 2)
    site.until_arrived(5)
    assert_sound(site, began_s)
    times = sorted(site.arrived)
    assert max(after - before for before, after in pairwise(times)) < 20_000  # no hole


def test_a_presumed_clock_that_turns_out_to_be_wrong_what_is_here_is_dated_anew_and_what_was_sent_is_said(site):
    began_s = time.time()
    machine = site.machine_is(off_s=3600, up_s=7200)
    machine.start()
    site.until_arrived(5)
    site.broker.kill()
    site.until_read(12)
    sent = set(site.arrived)
    machine.synchronise()
    site.until_said("samples were dated wrongly, by +3600 s")
    site.broker.start()
    site.until_arrived(14)
    assert min(sent) / 1000 > began_s + 3500
    again = site.arrived.keys() - sent
    late = [ts_ms for ts_ms in again if ts_ms / 1000 > time.time() + 60]
    assert not late, "nothing more than a minute ahead goes out"
    assert site.twice == []
    told = re.search(r"(\d+) that are still here get another time, (\d+) had been sent", site.log)
    assert int(told[1]) >= 8
    assert int(told[2]) >= len(sent) - 2


def test_twice_in_a_row_with_a_power_cut_between(site):
    began_s = time.time()
    machine = site.machine_is(off_s=0, up_s=7200)
    machine.synchronise()
    machine.start()
    site.until_arrived(5)
    for off_s in (-3600, 1000 - time.time()):
        machine.power_cut(off_s=off_s)
        machine.start()
        site.until_read(12)
    machine.power_cut(off_s=0)
    machine.start()
    site.until_read(6)
    machine.synchronise()
    site.until_said("samples have their time now")
    site.until_arrived(20)
    site.until(lambda: any("voltage_l1_quality" in values for values in list(site.arrived.values())), "estimated ones")
    assert_sound(site, began_s - 5)
    estimated = [values["voltage_l1_quality"] for values in site.arrived.values() if "voltage_l1_quality" in values]
    assert set(estimated) == {"time estimated"}
    assert 0 < len(estimated) < len(site.arrived)
