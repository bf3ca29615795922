"""How far a meter's clock is off, from what the meter states."""

from datetime import UTC, datetime

import pytest

from bridge.dlms.register import Register
from bridge.dlms.values import interpret
from bridge.meters.clock_offset import drift_s, is_clock

AT_S = datetime(2026, 11, 23, 23, 41, 35, tzinfo=UTC).timestamp()


def drift_of(octets):
    """From the octets of a clock's answer."""
    stated, quality = interpret(bytes.fromhex(octets), class_id=8, attribute=2)
    return drift_s(stated, AT_S, quality)


@pytest.mark.parametrize(
    ("octets", "drift"),
    [
        ("07EA0B17FF17292321000000", 0.33),
        ("07EA0B17FF17292AFF000000", 7),
        ("07EA0B18FF00292300FFC400", 0),  # an hour east of Greenwich: deviation -60
        ("07EA0B18FF00292300003C00", 0),  # the same, and it says so with the wrong sign
        ("07EA0B18FF002C2300003C00", 7200 + 180),  # not right by either
        ("07EA0B17FF17292300000002", 0),  # doubtful, for instance after a power cut: the figure says how much
    ],
)
def test_a_clock_that_says_its_deviation_is_compared(octets, drift):
    assert drift_of(octets) == pytest.approx(drift)


@pytest.mark.parametrize(
    "octets",
    [
        "07EA0B17FF17292321800000",  # deviation not specified
        "07EA0B17FF17292321000001",  # the meter says that its clock is not valid
        "07EA0B17FF1729FFFF000000",  # seconds not specified
        "07EA0B17FFFFFFFFFF000000",
        "FFFFFFFFFFFFFFFFFFFFFFFF",
        "000000000000000000000000",
        "",
    ],
)
def test_no_figure_is_better_than_a_guess(octets):
    assert drift_of(octets) is None


@pytest.mark.parametrize("stated", [None, 42, "", "2026-11-23T23:42:35"])
def test_what_is_no_moment_has_no_drift(stated):
    assert drift_s(stated, AT_S) is None


def test_a_clock_is_the_time_of_class_8():
    assert is_clock(Register(key="clock", obis="0-0:1.0.0", class_id=8))
    assert not is_clock(Register(key="v", obis="1-0:32.7.0"))
