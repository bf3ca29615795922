"""How far a meter's clock is off, from what the meter states."""

from datetime import UTC, datetime

import pytest

from bridge.meters.clock import drift_s, is_clock
from bridge.meters.profile import Register

AT_S = datetime(2026, 11, 23, 23, 41, 35, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("stated", "drift"),
    [
        ("07EA0B17FF17292321000000", 0.33),
        ("07EA0B17FF17292AFF000000", 7),
        ("07EA0B18FF00292300FFC400", 0),  # an hour east of Greenwich: deviation -60
        ("2026-11-23T23:42:35+00:00", 60),
    ],
)
def test_a_clock_that_says_its_deviation_is_compared(stated, drift):
    assert drift_s(stated, AT_S) == pytest.approx(drift)


@pytest.mark.parametrize(
    "stated",
    [
        "07EA0B17FF17292321800000",  # deviation not specified
        "07EA0B17FF17292321000001",  # the meter says that its clock is not valid
        "FFFFFFFFFFFFFFFFFFFFFFFF",
        "2026-11-23T23:42:35",
        "",
        None,
        42,
    ],
)
def test_no_figure_is_better_than_a_guess(stated):
    assert drift_s(stated, AT_S) is None


def test_a_clock_is_the_time_of_class_8():
    assert is_clock(Register.model_validate({"key": "clock", "obis": "0-0:1.0.0", "class": 8}))
    assert not is_clock(Register(key="v", obis="1-0:32.7.0"))
