"""Samples kept after they were stored: what is there, for how long, and what it gives way to."""

from __future__ import annotations

import json

import pytest

from bridge.outbox.kept import KeptSample, KeptSamples
from bridge.outbox.kept_reading import KeptReading, keys_of, sent_again
from bridge.sample import Layout
from tests.outbox.conftest import sample

HOUR_S = 3600.0
PLENTY = 1 << 40


class Kept:
    """A folder of kept samples whose clock the test turns."""

    def __init__(self, folder, *, keep_s=24 * HOUR_S, max_bytes=10_000_000, destination="here"):
        self.now_s, self.free = 1000.0, PLENTY
        self._made = {"keep_s": keep_s, "max_bytes": max_bytes, "destination": destination}
        self.folder = folder
        self.writer = None
        self.start()

    def start(self):
        if self.writer is not None:
            self.writer.close()
        self.writer = KeptSamples(
            self.folder,
            **self._made,
            age_s=lambda: self.now_s,
            wall_ms=lambda: int(self.now_s * 1000) + 5_000_000,
            free_bytes=lambda _: self.free,
        )

    def add(self, *stamps, needed_bytes=0, body='{"v":1}'):
        self.writer.add([KeptSample("main", ts, body) for ts in stamps], needed_bytes=needed_bytes)

    def stamps(self, destination="here"):
        return [kept.ts_ms for kept in KeptReading(self.folder, destination).samples()]


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path / "kept")
    yield made
    made.writer.close()


def live(ts_ms, meter="main", **values):
    layout = Layout(meter, tuple(values), tuple(values), ("",) * len(values))
    return layout.sample(ts_ms, tuple(values.values()), stamp=(7, ts_ms * 1000))


def test_what_was_kept_is_there_while_it_is_written_and_after_a_restart(kept):
    kept.add(1, 2)
    kept.add(3)
    assert kept.stamps() == [1, 2, 3]
    kept.start()
    kept.add(4)
    assert kept.stamps() == [1, 2, 3, 4]
    assert KeptReading(kept.folder, "here").since_ms == 6_000_000


def test_what_was_for_another_destination_is_passed_over(kept):
    kept.add(1)
    assert kept.stamps("elsewhere") == []
    assert KeptReading(kept.folder, "elsewhere").since_ms is None


def test_it_goes_with_its_age_and_not_before(kept):
    for hour in range(100):
        kept.now_s = 1000 + hour * HOUR_S
        kept.add(hour)
    stamps = kept.stamps()
    assert stamps == list(range(stamps[0], 100))
    assert 24 <= len(stamps) <= 27, "a day, and less than two pieces more"


def test_it_never_takes_more_than_it_may(tmp_path):
    kept = Kept(tmp_path / "kept", max_bytes=50_000)
    for number in range(3000):
        kept.add(number, body=json.dumps({"v": number * 7919 % 100_003}))
        if number % 100 == 0:
            assert sum(file.stat().st_size for file in kept.folder.iterdir()) <= 50_000
    stamps = kept.stamps()
    assert stamps == list(range(stamps[0], 3000))
    assert len(stamps) > 300
    kept.writer.close()


def test_it_gives_way_where_the_outbox_may_need_the_room(kept):
    for hour in range(5):
        kept.now_s += 2 * HOUR_S
        kept.add(hour)
    kept.free = 100_000_000
    kept.add(5, needed_bytes=60_000_000)
    assert kept.stamps() == [0, 1, 2, 3, 4, 5]
    kept.add(6, needed_bytes=90_000_000)
    assert kept.stamps() == []
    kept.free = PLENTY
    kept.add(7, needed_bytes=90_000_000)
    assert kept.stamps() == [7]


def test_on_a_full_disk_all_of_it_goes(kept):
    kept.add(1)
    kept.writer.give_way()
    assert kept.stamps() == [1], "there is room: what refuses is something else"
    kept.free = 1000
    kept.writer.give_way()
    assert list(kept.folder.iterdir()) == []


def test_a_chunk_that_a_power_cut_tore_ends_its_file_and_no_other(kept):
    kept.add(1)
    kept.add(2)
    [file] = kept.folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    assert kept.stamps() == [1]
    file.write_bytes(whole[:-3] + b"xyz")
    assert kept.stamps() == [1]
    kept.start()
    kept.add(3)
    assert kept.stamps() == [1, 3]


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_keeping(tmp_path):
    (tmp_path / "kept").write_text("in the way")
    kept = Kept(tmp_path / "kept")
    kept.add(1)
    assert (tmp_path / "kept").read_text() == "in the way"


def test_a_kept_sample_goes_again_as_it_went(kept):
    body = '{"v":127.4,"n":56348,"t":"a\\tb","v_quality":"time estimated"}'
    kept.add(9, body=body)
    [again] = KeptReading(kept.folder, "here").samples()
    assert keys_of(again.body) == ("v", "n", "t", "v_quality")
    assert sent_again(again).boot == 0


async def test_the_outbox_keeps_what_was_stored_live_and_no_history(tmp_path, outbox_at):
    outbox = outbox_at(tmp_path / "outbox.db", destination="here")
    kept = Kept(tmp_path / "kept")
    outbox.keep(kept.writer)
    await outbox.open()
    outbox.put(live(1, v=127.4, t="00012345"))
    outbox.put(live(2, v=127.5, t="00012345"))
    outbox.put(sample(3, lp_energy=5))
    await outbox._commits.flush()
    rows = await outbox.fetch(limit=10)
    assert len(rows) == 3
    assert kept.stamps() == []
    await outbox.confirm([rows[0].id, rows[2].id])
    [stored] = KeptReading(kept.folder, "here").samples()
    assert stored == KeptSample("main", 1, rows[0].body)
    outbox.put(sent_again(stored))
    await outbox._commits.flush()
    *_, again = await outbox.fetch(limit=10)
    assert (again.meter, again.ts_ms, again.body) == ("main", 1, rows[0].body)
    await outbox.confirm([again.id])
    assert kept.stamps() == [1], "what goes again is not kept twice"
    await outbox.set_aside([rows[1].id], "no")
    assert kept.stamps() == [1], "what was not stored is not kept"
