"""How long samples may wait, by a clock that no step of the wall clock moves."""

from __future__ import annotations

import pytest

from bridge.outbox.age import AgeClock
from tests.outbox.conftest import sample, stamps

DAY_S = 86_400


class Boot:
    """BOOTTIME that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def clock(self, boot_id: str = "this") -> AgeClock:
        return AgeClock(lambda: self.now_s, boot_id)


async def accept(outbox, *stamps_ms: int) -> None:
    for ts_ms in stamps_ms:
        outbox.put(sample(ts_ms))
    await outbox._commits.flush()


async def test_samples_older_than_the_age_allowed_go_are_counted_and_said(outbox_at, tmp_path, lines):
    boot = Boot()
    first = outbox_at(tmp_path / "o.db", age=boot.clock())
    await first.open()
    await accept(first, 1, 2)
    boot.now_s += 2 * DAY_S
    await accept(first, 3)
    await first.close()
    boot.now_s += 6 * DAY_S

    outbox = outbox_at(tmp_path / "o.db", age=boot.clock(), max_age_days=7)
    await outbox.open()

    assert await stamps(outbox) == [3]
    assert outbox.state.lost_old == 2
    assert any("2 samples older than OUTBOX__MAX_AGE_DAYS=7" in line for line in lines)


async def test_the_age_is_looked_at_with_every_commit(outbox_at, tmp_path):
    boot = Boot()
    outbox = outbox_at(tmp_path / "o.db", age=boot.clock(), max_age_days=7)
    await outbox.open()
    await accept(outbox, 1)
    boot.now_s += 7 * DAY_S + 1
    await accept(outbox, 2)

    assert await stamps(outbox) == [2]


@pytest.mark.parametrize("ts_ms", [1, 1_700_000_000_000, 4_000_000_000_000])
async def test_no_time_stamp_makes_a_sample_old(outbox_at, tmp_path, ts_ms):
    """The meter's history, a clock at 1970, one that ran ahead: what counts is how long the sample has waited."""
    outbox = outbox_at(tmp_path / "o.db", max_age_days=7)
    await outbox.open()
    await accept(outbox, ts_ms)
    await accept(outbox, ts_ms)

    assert await stamps(outbox) == [ts_ms, ts_ms]
    assert outbox.state.lost == 0


async def test_time_without_power_ages_nothing_and_a_new_boot_goes_on_from_where_the_last_one_was(outbox_at, tmp_path):
    boot = Boot()
    for number in range(5):  # a day of work in each boot
        boot.now_s = 10.0 + number  # BOOTTIME begins anew
        outbox = outbox_at(tmp_path / "o.db", age=boot.clock(f"boot {number}"), max_age_days=3.5)
        await outbox.open()
        await accept(outbox, 2 * number)
        boot.now_s += DAY_S
        await accept(outbox, 2 * number + 1)
        await outbox.close()

    # Five days of work have been counted: what was accepted in the first, and as the second began, is too old.
    again = outbox_at(tmp_path / "o.db")
    await again.open()
    assert await stamps(again) == [3, 4, 5, 6, 7, 8, 9]


async def test_without_an_age_no_sample_is_too_old(outbox_at, tmp_path):
    boot = Boot()
    outbox = outbox_at(tmp_path / "o.db", age=boot.clock())
    await outbox.open()
    await accept(outbox, 1)
    boot.now_s += 10_000 * DAY_S
    await accept(outbox, 2)

    assert await stamps(outbox) == [1, 2]
