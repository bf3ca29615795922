"""The audit against the double of ThingsBoard's REST: to the very value, and nothing that is not missing."""

from __future__ import annotations

import asyncio
import io
from unittest import mock

import pytest

from bridge.cli.audit.audit import AuditCommand
from bridge.configuration.settings import OutboxSettings
from bridge.delivery.kept_file import KeptFile
from bridge.outbox.kept import KeptSample
from bridge.outbox.outbox import PENDING, Outbox
from bridge.thingsboard.audit import Audit
from tests.audit.scene import DAY, DAY_MS, DESTINATION, DIFFERENCE, ENERGY, NOW_S, QUARTER_MS, Scene


@pytest.fixture
def scene(tmp_path):
    with Scene(tmp_path) as made:
        yield made


def test_all_is_there_and_said_with_its_count(scene):
    scene.intervals("Main meter", 3)
    code, said = scene.audit()
    assert code == 0
    assert "ThingsBoard has all 575 values" in said
    assert "✔" in said


def test_three_values_taken_out_by_hand_are_named_and_ordered(scene):
    ends = scene.intervals("Main meter", 3)
    scene.intervals("second", 3, meter="second")
    scene.loses("Main meter", ends[40], ENERGY)
    scene.loses("Main meter", ends[41], ENERGY)
    scene.loses("second", ends[100] - QUARTER_MS, DIFFERENCE)
    code, said = scene.audit()
    assert code == 1
    assert "ThingsBoard lacks 3 of 1150 values" in said
    assert f"{ENERGY}  2026-10-01  94 of 96: 10:00, 10:15" in said
    assert f"{DIFFERENCE}  2026-10-02  95 of 96: 00:45" in said
    assert scene.orders() == [], "nobody asked for that"
    code, said = scene.audit(repair=True)
    assert code == 1
    assert "3 values are sent again" in said
    assert scene.orders() == [("main", 9 * 60 + 45, 10 * 60 + 15), ("second", 24 * 60 + 30, 25 * 60)]


def test_a_fleets_audit_asks_each_meter_once_when_all_is_well(scene):
    for device, meter in (("Main meter", "main"), ("second", "second")):
        scene.intervals(device, 3, meter=meter)
    scene.found()
    asked = [line.rpartition("/")[2] for line in scene.server.behaviour.answered]
    assert asked == ["devices", "timeseries"] * 2


def test_what_thingsboard_has_beyond_is_no_difference(scene):
    scene.intervals("Main meter", 3)
    scene.has("Main meter", DAY + 5, **{ENERGY: 7, "foreign": 1})
    assert scene.found()[0] == 0


def test_as_many_foreign_values_as_missing_ones_on_another_day_hide_nothing(scene):
    ends = scene.intervals("Main meter", 3)
    scene.loses("Main meter", ends[5], ENERGY)
    scene.has("Main meter", DAY + DAY_MS + 5, **{ENERGY: 7})
    assert scene.missing() == [("main", ENERGY, ["2026-10-01T01:15:00Z"])]


def test_more_than_was_asked_for_at_once_is_found_on_later_pages(scene, monkeypatch):
    monkeypatch.setattr("bridge.thingsboard.telemetry._PAGE", 10)
    ends = scene.intervals("Main meter", 1)
    scene.loses("Main meter", ends[90], ENERGY)
    assert scene.missing() == [("main", ENERGY, ["2026-10-01T22:30:00Z"])]


def test_more_days_than_thingsboard_counts_at_once(scene):
    scene.server.behaviour.max_intervals = 700
    hours = scene.intervals("Main meter", 800, period_ms=DAY_MS, begin_ms=DAY - 797 * DAY_MS)
    scene.loses("Main meter", hours[0], ENERGY)
    scene.loses("Main meter", hours[-1], ENERGY)
    assert [times for _, _, times in scene.missing(since="2024-01-01")] == [
        ["2024-07-26T00:00:00Z"],
        ["2026-10-03T00:00:00Z"],
    ]


def test_two_epochs_of_a_load_profile_are_one_series(scene):
    first = scene.intervals("Main meter", 1)
    second = scene.intervals("Main meter", 1, period_ms=3_600_000, begin_ms=DAY + DAY_MS, epoch=2)
    assert scene.found()[0] == 0
    scene.loses("Main meter", first[3], ENERGY)
    scene.loses("Main meter", second[3], ENERGY)
    assert [times for _, _, times in scene.missing()] == [["2026-10-01T00:45:00Z"], ["2026-10-02T03:00:00Z"]]


def test_events_that_were_confirmed_are_looked_for(scene):
    scene.events("Main meter", DAY + 1000, DAY + 5000, DAY + DAY_MS)
    assert scene.found()[0] == 0
    scene.loses("Main meter", DAY + 5000, "event_code")
    assert scene.missing() == [("main", "event_code", ["2026-10-01T00:00:05Z"])]
    scene.audit(repair=True)
    [order] = scene.orders_ms()
    assert order == (DAY + 4000, DAY + 5000)


def test_live_samples_are_audited_from_when_on_they_are_kept(scene):
    noon = DAY + DAY_MS // 2
    stamps = [noon + 60_000 * number for number in range(2000)]  # 33 h: into the third day
    scene.samples("Main meter", stamps, since_ms=noon)
    for number in range(100):  # ThingsBoard has what was before
        scene.has("Main meter", noon - 5000 * number - 5000, voltage_l1=120)
    code, document = scene.found()
    assert (code, document["values"]) == (0, 4000)
    assert document["live_samples_since"] == "2026-10-01T12:00:00Z"
    scene.loses("Main meter", stamps[0], "voltage_l1")
    scene.loses("Main meter", stamps[-1], "active_energy")
    assert scene.missing() == [
        ("main", "voltage_l1", ["2026-10-01T12:00:00Z"]),
        ("main", "active_energy", ["2026-10-02T21:19:00Z"]),
    ]


def test_a_sample_that_is_kept_twice_counts_as_what_it_is(scene):
    stamps = [DAY + 5000 * number for number in range(10)]
    scene.samples("Main meter", [*stamps, *stamps[:3]])
    assert scene.found()[0] == 0


async def test_live_samples_are_put_into_the_outbox_where_no_bridge_runs(tmp_path):
    with Scene(tmp_path) as scene:
        scene.samples("Main meter", [DAY + 5000 * number for number in range(10)])
        scene.loses("Main meter", DAY + 15_000, "voltage_l1")
        scene.loses("Main meter", DAY + 15_000, "active_energy")
        code, document = await asyncio.to_thread(lambda: scene.found(repair=True))
        assert (code, document["sent_again"]) == (1, 2)
        outbox = Outbox(tmp_path / "outbox.db", settings=OutboxSettings(), destination=DESTINATION)
        await outbox.open()
        [row] = await outbox.fetch(limit=10)
        await outbox.close()
    assert (row.meter, row.device, row.ts_ms) == ("main", "Main meter", DAY + 15_000)
    assert row.body == '{"voltage_l1":127.4,"active_energy":5}'


def test_of_what_is_too_much_to_be_named_at_once_it_is_told_how_much(scene):
    stamps = [DAY + 60_000 * number for number in range(2000)]  # two keys, two days: four spans
    scene.samples("Main meter", stamps)
    for stamp in stamps[::2]:
        scene.loses("Main meter", stamp, "voltage_l1")
    with mock.patch.object(Audit.run, "__kwdefaults__", {**Audit.run.__kwdefaults__, "most": 600}):
        code, document = scene.found()
        _, said = scene.audit()
    [meter] = (one for one in document["meters"] if one["meter"] == "main")
    assert (code, document["missing_values"], len(meter["missing"])) == (1, 1000, 1)
    assert "720 more values are missing than are named at once" in said


async def test_more_than_memory_holds_is_put_there_too(tmp_path):
    count = PENDING + 1000
    with Scene(tmp_path) as scene:
        command = AuditCommand(scene.environ, io.StringIO(), clock_s=lambda: NOW_S)
        kept = [KeptSample("main", DAY + number, '{"voltage_l1":127.4}') for number in range(count)]
        assert await asyncio.to_thread(command._send_again, kept) == count
        outbox = Outbox(tmp_path / "outbox.db", settings=OutboxSettings(), destination=DESTINATION)
        await outbox.open()
        assert outbox.depth == count
        await outbox.close()


def test_a_device_that_was_renamed_over_there_is_asked_by_its_new_name(scene):
    scene.intervals("Main meter", 1)
    scene.model.rename_device("Main meter", "Hall", 0)
    code, document = scene.found("main")
    assert (code, document["meters"][0]["device_exists"], document["missing_values"]) == (1, False, 191)
    renamed = {"main": {"configured": "Main meter", "name": "Hall"}}
    KeptFile(scene.folder / "names.json", DESTINATION).save({"names": renamed, "pending": []})
    code, document = scene.found("main")
    assert (code, document["meters"][0]["device"]) == (0, "Hall")


def test_a_device_that_is_not_there_lacks_everything(scene):
    scene.intervals("Main meter", 1)
    scene.model.delete_device("Main meter", 0)
    code, said = scene.audit()
    assert code == 1
    assert "ThingsBoard has no device of this name" in said
    assert "lacks 191 of 191 values" in said


def test_nothing_to_compare_is_said_and_is_no_difference(scene):
    code, said = scene.audit()
    assert code == 0
    assert "nothing was compared" in said
    assert scene.server.behaviour.answered == []


@pytest.mark.parametrize(
    ("environ", "meter", "since", "said"),
    [
        ({"THINGSBOARD__API_URL": "http://127.0.0.1:1"}, "", "7d", "could not be asked"),
        ({"THINGSBOARD__API_KEY": "tb_wrong"}, "", "7d", "the API key is wrong, switched off or has ended"),
        ({"THINGSBOARD__API_URL": "", "THINGSBOARD__API_KEY": ""}, "", "7d", "set THINGSBOARD__API_URL"),
        ({"METERS__MAIN__PORT": "x"}, "", "7d", "the configuration has mistakes"),
        ({}, "cellar", "7d", "there is no meter cellar"),
        ({}, "", "yesterday", "--since"),
    ],
)
def test_what_cannot_be_asked_ends_with_two_and_says_why(scene, environ, meter, since, said):
    scene.intervals("Main meter", 1)
    code, shown = scene.audit(meter, since, **environ)
    assert code == 2
    assert said in shown


def test_in_spanish(scene):
    ends = scene.intervals("Main meter", 1)
    scene.loses("Main meter", ends[1], ENERGY)
    assert "a ThingsBoard le falta 1 de 191 valores" in scene.audit(LANG="es_CO.UTF-8")[1]
