"""One meter's history read back: what is asked, what is left alone, what becomes of it."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from loguru import logger

from bridge.dlms.load_profile import ProfileCell, ProfileColumn
from bridge.ledger.classification import POWER_DOWN, SET_FORWARD, UNEXPLAINED
from bridge.ledger.examination import CHANGED
from tests.ledger.model_meter import PROFILE, QUARTER_MS, SOURCES, energy
from tests.ledger.stage import START_MS, Stage, at, meter


@pytest.fixture
def tmp_path():
    """In memory, where there is such a place: what is synced there costs nothing."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        yield Path(folder)


@pytest.fixture
def stage(tmp_path):
    made = []

    def make(whose=None, **settings) -> Stage:
        made.append(Stage(tmp_path, whose or meter(), **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def said():
    lines = []
    number = logger.add(lambda message: lines.append(str(message)), level="INFO", format="{message}")
    yield lines
    logger.remove(number)


def test_a_meter_that_is_new_is_read_back_whole_and_then_followed(stage):
    plant = stage()
    plant.run_for(1)
    assert plant.states() == {"confirmed": 96 + 3}
    plant.run_for(24)
    assert plant.states() == {"confirmed": 96 + 99}
    assert plant.had() == {end: energy(0, end) for end in range(at(-95), at(99) + 1, QUARTER_MS)}


def test_a_clock_whose_zone_nobody_knows_is_said_once(stage, said):
    stage().run_for(24)
    [line] = [line for line in said if "no time zone" in line]
    assert "+60 min" in line
    assert "TZ" in line


def test_a_first_import_reaches_back_only_so_far(stage):
    plant = stage(meter(capacity=960), depth_days=2)
    plant.run_for(2)
    assert min(plant.had()) in (at(-192), at(-191))


def test_nothing_is_asked_before_a_live_sample_was_stored(stage):
    plant = stage()
    plant.is_live = False
    plant.run_for(5)
    assert plant.reader.asked == 0
    plant.is_live = True
    plant.run_for(1)
    assert plant.states()["confirmed"] > 96


def test_nothing_is_asked_while_nobody_knows_the_time(stage):
    plant = stage()
    plant.has_time = False
    plant.run_for(5)
    assert plant.reader.asked == 0
    plant.has_time = True
    plant.run_for(1)
    assert plant.states()["confirmed"] > 96


def test_no_more_is_asked_in_an_hour_than_is_allowed(stage):
    plant = stage(meter(capacity=96 * 60), requests_per_hour=30)
    plant.run_for(0.1)
    before = plant.reader.asked
    assert before <= 30 / 3 + 12, "what may go at once, and what examining takes"
    plant.run_for(2)
    assert plant.reader.asked - before <= 2 * 30 + 4


def test_a_slice_of_many_questions_counts_as_so_many(stage):
    plant = stage(meter(capacity=96 * 60), requests_per_hour=30)
    plant.reader.questions = 6
    plant.run_for(5)
    assert plant.reader.asked <= 30 / 3 + 5 * 30 + 6
    assert plant.states()["confirmed"] > 96


def test_history_waits_while_thingsboard_is_away_and_what_is_about_to_go_does_not(stage):
    plant = stage(meter(capacity=96 * 2))
    plant.run_for(2)
    plant.is_away = True
    plant._disk.most = 1_000_000
    for _ in range(3000):
        plant._disk.rows.append((0, plant._disk.rows[-1][1] if plant._disk.rows else _sample()))
    plant.run_for(24)
    assert plant.states()["wanted"] > 90, "there is room in the meter"
    plant.run_for(36)
    states = plant.states()
    assert states["on its way"] > 48
    assert "overwritten" not in states, "the outbox took what the meter was about to overwrite"


def _sample():
    from bridge.sample import Sample, Value  # noqa: PLC0415

    return Sample("other", START_MS, [Value("power", "", 1, "W")])


def test_what_a_power_cut_of_the_meter_took_never_was(stage):
    plant = stage(meter(offs=[(at(-50), at(-40))]))
    plant.run_for(1)
    assert plant.states() == {"confirmed": 89, "meter was off": 10}
    assert plant.reasons("meter was off") == {POWER_DOWN}


def test_a_gap_without_a_reason_is_looked_at_twice(stage):
    plant = stage(meter(offs=[(at(-50), at(-40))], tells_power=False))
    plant.run_for(1)
    assert plant.states() == {"confirmed": 89, "meter was off": 10}
    assert plant.reasons("meter was off") == {UNEXPLAINED}


def test_a_clock_that_was_set_back_gives_rows_to_a_time_that_was_had_and_they_come_too(stage):
    plant = stage()
    plant.run_for(2)
    doubled = [
        row._replace(cells=(*row.cells[:2], ProfileCell(7)), status=1 << 5) for row in list(plant.meter.rows)[-2:]
    ]
    first = plant.meter.rows[-1].end_ms
    plant.meter.rows.extend(doubled)
    rows = sorted(plant.meter.rows, key=lambda row: row.end_ms)
    plant.meter.rows.clear()
    plant.meter.rows.extend(rows)
    plant.run_for(30)
    had = plant.had()
    assert had[first] == energy(0, first), "the first is not replaced"
    assert had[first + 1] == 7


def test_a_clock_that_was_set_forward_leaves_a_gap_that_never_was(stage):
    plant = stage()
    plant.run_for(2)
    plant.meter.go_on(plant.now_ms())
    first = plant.meter.rows[-1].end_ms + 5 * QUARTER_MS
    plant.meter.statuses[first] = 1 << 5
    plant.meter._done_ms = first - QUARTER_MS
    plant.run_for(3)
    assert plant.reasons("meter was off") == {SET_FORWARD}


def test_an_order_has_a_time_read_again_whatever_the_ledger_says(stage):
    plant = stage()
    plant.run_for(1)
    store = plant.store()
    store.order("meter0", None, at(-20), at(-10), "backfill")
    store.close()
    plant.run_for(1)
    times = {ts: count for (_, key, ts), count in plant.upstream.times.items() if key == "lp_energy"}
    assert {ts for ts, count in times.items() if count > 1} == set(range(at(-19), at(-10) + 1, QUARTER_MS))
    assert plant.states() == {"confirmed": 96 + 7}
    store = plant.store()
    assert store.orders() == []
    store.close()


def test_an_order_from_before_the_ledgers_beginning_reaches_back_as_far_as_the_meter_does(stage):
    plant = stage(meter(192), depth_days=0.25)
    plant.run_for(2)
    assert sum(plant.states().values()) < 40, "a first import of a quarter of a day"
    store = plant.store()
    store.order("meter0", None, at(-1000), at(-900), "backfill")
    store.close()
    plant.run_for(6)
    store = plant.store()
    (history,) = store.epochs("meter0", PROFILE)
    store.close()
    assert plant.states().keys() == {"confirmed"}
    had = sorted(plant.had())
    assert history.begin_ms == had[0] - QUARTER_MS
    assert len(had) > 180
    assert {after - before for before, after in pairwise(had)} == {QUARTER_MS}


def test_other_columns_begin_an_epoch_and_what_was_wanted_is_gone(stage, said):
    plant = stage()
    plant.run_for(1)
    plant.is_cut = True
    plant.run_for(3)
    examine = plant.reader.examine

    async def other_columns(source, known, now_ms):
        layout = await examine(source, known, now_ms)
        if source.logical_name != PROFILE:
            return layout
        return layout._replace(columns=(*layout.columns, ProfileColumn(3, "1.0.2.8.0.255", 2, unit="Wh")))

    plant.reader.examine = other_columns
    plant.meter.rows.clear()
    plant.is_cut = False
    for profile in plant.backfill.meters["meter0"].profiles:
        profile.examine_due_s = 0.0
    plant.run_for(1)
    assert any("epoch 2 begins" in line for line in said)
    assert plant.states(epoch=2)["confirmed"] >= 3
    store = plant.store()
    first, second = store.epochs("meter0", PROFILE)
    gone = [one for one in store.ranges(first.id) if one.state == "overwritten"]
    assert {one.reason for one in gone} == {CHANGED}
    assert first.columns != second.columns
    store.close()


def test_a_meter_silent_to_its_load_profile_is_asked_ever_less_and_gives_its_events(stage):
    plant = stage(meter(offs=[(at(2), at(4))]))
    plant.reader.silent_to = PROFILE
    plant.run_for(3)
    assert plant.had("event_code"), "silence to one history hides no other"
    plant.run_for(45)
    assert plant.reader.silences <= 60, "each costs live samples: the connection is gone"
    plant.reader.silent_to = ""
    plant.run_for(7)
    assert plant.states()["confirmed"] > 96, "one that answers at last is read"


def test_each_event_comes_once_in_order_under_its_own_time(stage, said):
    offs = [(at(-50), at(-40)), (at(10), at(14)), (at(14.5), at(20))]
    plant = stage(meter(offs=offs))
    plant.run_for(24)
    codes = plant.had("event_code")
    assert codes == {ts: code for off in offs for ts, code in zip(off, (1, 2), strict=True)}
    assert set(plant.had("event").values()) == {"power down", "power up"}
    assert all(count == 1 for (_, key, _), count in plant.upstream.times.items() if key == "event_code")
    assert sum("event of" in line for line in said) == 6


def test_a_meter_without_histories_is_asked_once_and_again_after_a_day(stage, said):
    plant = stage()
    plant.backfill.meters["meter0"].profiles.clear() if plant.backfill.meters else None
    missing = [source._replace(logical_name="1.0.99.2.0.255") for source in SOURCES]
    plant.run_for(0)
    for profile, source in zip(plant.backfill.meters["meter0"].profiles, missing, strict=True):
        profile.source = source
    plant.run_for(23)
    asked = plant.reader.asked
    assert asked == 2
    plant.run_for(4)
    assert plant.reader.asked == 4
    assert sum("no history from" in line for line in said) == 1


def test_a_meters_clock_that_is_off_is_said_beside_the_values_and_nothing_is_dated_anew(stage):
    plant = stage()
    plant.run_for(1)
    plant.reader.drift_s = 1800.0
    plant.run_for(1)
    qualities = {value for (_, key, _), value in plant.upstream.qualities.items() if key == "lp_energy"}
    assert "the meter's clock is off by +1800 s" in qualities
    assert plant.had().keys() == set(range(at(-95), at(7) + 1, QUARTER_MS))


def test_a_damaged_ledger_is_begun_anew_and_all_of_it_read_again(stage, tmp_path):
    plant = stage()
    plant.run_for(1)
    with (tmp_path / "ledger.db").open("r+b") as file:
        file.write(b"\0" * 8192)
    plant.run_for(2)
    assert plant.states() == {"confirmed": 96 + 7}, "what the meter had by then, and since"
    assert list(tmp_path.glob("ledger.db.damaged-*"))
