"""What a row that waits costs."""

from __future__ import annotations

import math

from bridge.delivery.lane import Lane


def test_it_costs_eight_bytes_a_row_that_waits():
    lane = Lane()
    for number in range(100_000):
        lane.old.append(number)
    assert lane.old.itemsize == 8
    assert math.isclose(len(lane.old.tobytes()), 800_000)
