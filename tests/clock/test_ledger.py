"""The ledger on the disk, and the machine's own clocks."""

import itertools
import json
import time

import pytest

from bridge.clock.boots import Ledger
from bridge.clock.ledger_file import NAME, LedgerFile
from bridge.clock.machine import Machine, is_synchronised
from bridge.clock.moment import SLOT_NS, Moment, boot_number, time_ms

UUID = "d72b0b00-780f-40da-abc5-fdcab203374e"


def kept_ledger():
    ledger = Ledger(confirmed_ms=3, presumed_ms=4, offsets_s={"büro": -1.5})
    for number in range(1, 4):
        ledger.meet(Moment(number, 5_000_000_000), 1_796_000_000_000_000_000)
    ledger.anchor(2, 1_795_000_000_000_000_000, "witnessed")
    return ledger


def test_what_is_written_is_read_again(tmp_path):
    file, ledger = LedgerFile(tmp_path / "new folder"), kept_ledger()
    assert file.load() == Ledger()
    assert file.save(ledger.plain())
    assert file.load() == ledger


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-9],
        lambda text: "[]",
        lambda text: text.replace('"boots"', '"roots"'),
        lambda text: text.replace("witnessed", "guessed"),
        lambda text: text.replace('"anchor_ns": null', '"anchor_ns": "soon"'),
        lambda text: text.replace('"boot":', '"shoe":'),
    ],
)
def test_a_damaged_one_is_set_aside_and_a_new_one_begun(tmp_path, damage):
    file = LedgerFile(tmp_path)
    file.save(kept_ledger().plain())
    (tmp_path / NAME).write_text(damage((tmp_path / NAME).read_text()))
    assert file.load() == Ledger()
    assert (tmp_path / "clock.damaged").exists()
    assert file.save(kept_ledger().plain())


def test_a_disk_that_takes_nothing_is_no_reason_to_stop(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    file = LedgerFile(tmp_path / "data")
    assert not file.save(kept_ledger().plain())
    assert file.load() == Ledger()


def test_the_oldest_boots_are_forgotten():
    ledger = Ledger()
    for number in range(1, 400):
        ledger.meet(Moment(number, 0), 0)
    assert len(ledger.boots) == 256
    assert next(iter(ledger.boots)) == 144
    assert len(json.dumps(ledger.plain())) < 60_000


def test_a_boot_id_fits_a_row():
    assert boot_number(UUID) == 0xD72B0B00780F
    assert boot_number("00000000-0000-0000-0000-000000000001") != 0


def test_stamps_of_one_meter_keep_a_slot_apart_and_so_do_their_times():
    first = Moment(1, 1_000_000_001)
    stamps = [first]
    for _ in range(5):
        stamps.append(Moment(1, first.up_ns + 1).no_sooner_than(stamps[-1]))
    assert {after.up_ns - before.up_ns for before, after in itertools.pairwise(stamps)} == {SLOT_NS}
    assert len({time_ms(7, 3, stamp.up_ns) for stamp in stamps}) == len(stamps)
    assert Moment(2, 0).no_sooner_than(first) == Moment(2, 0)


def test_eight_eras_never_share_a_time():
    for millisecond in range(16):
        times = {time_ms(0, era, (10**9 + millisecond) * 1_000_000) for era in range(8)}
        assert len(times) == 8
        assert max(abs(one - 10**9 - millisecond) for one in times) < 8


def test_the_machine_is_read_as_it_is(tmp_path):
    reading = Machine(timesync=tmp_path / "none").read()
    assert abs(reading.wall_ns / 1e9 - time.time()) < 5
    assert abs(reading.moment.up_ns / 1e9 - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5
    assert reading.moment.boot == Machine().moment().boot
    assert reading.synchronised == is_synchronised()
    assert is_synchronised() in (True, False)  # asking takes no privilege


def test_systemds_file_counts_where_it_is_mounted(tmp_path):
    (tmp_path / "synchronized").touch()
    assert Machine(timesync=tmp_path / "synchronized").read().served is not None


def test_without_a_boot_id_each_process_is_a_boot_of_its_own(tmp_path):
    one, other = (Machine(boot_id=tmp_path / "none").moment().boot for _ in range(2))
    assert one
    assert one != other


def test_a_system_that_cannot_be_asked_says_so(monkeypatch):
    class Forbidden:
        def __init__(self, _):
            pass

        @staticmethod
        def adjtimex(_):
            return -1

    monkeypatch.setattr("bridge.clock.machine.ctypes.CDLL", Forbidden)
    assert is_synchronised() is None
