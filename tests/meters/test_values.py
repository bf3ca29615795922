"""Scalers without binary noise; every kind of value as something plain."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.meters.units import unit_text
from bridge.meters.values import scalar, scaled


def test_a_scaler_leaves_no_binary_noise():
    assert scaled(13519, -2) == 135.19
    assert scaled(1, -3) == 0.001
    assert scaled(56348, 3) == 56348000
    assert scaled(7, 0) == 7


@given(st.integers(-(2**63), 2**64), st.integers(-9, 0))
def test_a_scaled_integer_is_the_float_nearest_its_decimal(raw, scaler):
    assert scaled(raw, scaler) == (float(f"{raw}e{scaler}") if scaler else raw)


def test_floats_are_scaled_as_decimals_and_what_is_no_number_stays_so():
    assert scaled(1.1, -1) == 0.11
    assert math.isnan(scaled(math.nan, -1))


def test_text_and_booleans_have_no_scale():
    assert scaled("12", -2) == "12"
    assert scaled(True, 3) is True


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (bytearray(b"MST00017"), "MST00017"),
        (b"\x01\x02\xff", "0102FF"),
        (b"", ""),
        (b"a\nb", "610A62"),
        (True, True),
        (3.5, 3.5),
    ],
)
def test_what_gurux_decodes_becomes_plain(raw, plain):
    assert scalar(raw) == plain


def test_units_are_text_and_unknown_codes_say_so():
    assert [unit_text(code) for code in (27, 30, 33, 35, 44)] == ["W", "Wh", "A", "V", "Hz"]
    assert unit_text(255) == ""
    assert unit_text(77) == "unit 77"
