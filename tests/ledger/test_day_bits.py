"""The stamps of a day as bytes: every one comes back, whatever the grid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger.day_bits import DAY_MS, day_of, packed, unpacked

DAY = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS
PERIODS = st.sampled_from([0, 60_000, 900_000, 1_800_000, 3_600_000, 86_400_000, 7_000_000])


@given(PERIODS, st.integers(0, 86_400_000), st.sets(st.integers(0, DAY_MS - 1), max_size=30), st.data())
def test_what_was_packed_comes_back(period, phase, odd, data):
    grid = set(range(DAY + (phase - DAY) % period, DAY + DAY_MS, period)) if period else set()  # fmt: skip
    stamps = {DAY + ms for ms in odd} | {ms for ms in grid if data.draw(st.booleans())} if len(grid) < 100 else grid
    assert unpacked(packed(stamps, DAY, period, phase), DAY, period, phase) == stamps


def test_a_day_of_quarter_hours_is_twelve_bytes():
    stamps = range(DAY, DAY + DAY_MS, 900_000)
    assert len(packed(stamps, DAY, 900_000, 0)) == 12
    assert day_of(DAY + 1) == DAY
