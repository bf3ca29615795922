"""Scalers without binary noise; every kind of value as something plain; every doubt named."""

import json
import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.units import unit_doubt, unit_text
from bridge.dlms.values import float32, interpret, scalar, scaled

CLOCK = bytes.fromhex("07EA0B19030C1E0F00FFC400")
VALUES = [(3, 2), (4, 2), (5, 2), (5, 3)]
DATES = [(4, 5), (5, 6), (5, 7), (8, 2)]


def read(raw, class_id=3, attribute=2, scaler=0):
    return interpret(raw, class_id=class_id, attribute=attribute, scaler=scaler)


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


@pytest.mark.parametrize(("class_id", "attribute"), VALUES)
def test_a_value_of_every_class_of_register_is_scaled_exactly(class_id, attribute):
    assert read(13519, class_id, attribute, -2) == (135.19, "")
    assert read(-5, class_id, attribute, 3) == (-5000, "")
    assert read(1.1, class_id, attribute, -1) == (0.11, "")
    assert read(42, class_id, attribute) == (42, "")


@pytest.mark.parametrize(("class_id", "attribute"), [(1, 2), (4, 4), (5, 5), (5, 8), (8, 3), (8, 4), (70, 2)])
def test_what_stands_under_no_scaler_is_not_scaled(class_id, attribute):
    assert read(7, class_id, attribute, -2) == (7, "")
    assert read("0101", class_id, attribute, -2) == ("0101", "")


@given(st.integers(-(2**63), 2**64 - 1), st.integers(-128, 127))
def test_every_integer_under_every_scaler_is_its_decimal_or_flagged(raw, scaler):
    value, quality = read(raw, scaler=scaler)
    exact = Decimal(raw).scaleb(scaler)
    if quality:
        assert value == raw
        assert abs(exact) < Decimal("1e-16")
    else:
        assert value == (int(exact) if scaler >= 0 else float(exact))


@pytest.mark.parametrize(
    ("raw", "scaler", "quality"),
    [
        (5, 128, "scaler out of range"),
        (5, -129, "scaler out of range"),
        (5, -60, "scaler makes no sense"),  # nothing is left of it
        (1e300, 60, "scaler makes no sense"),  # more than a double holds
        ("12", -2, "not a number"),
        (b"12", -2, "not a number"),
        (True, -2, "not a number"),
    ],
)
def test_what_makes_no_sense_is_published_as_read_and_flagged(raw, scaler, quality):
    assert read(raw, scaler=scaler) == (raw.decode() if isinstance(raw, bytes) else raw, quality)


@pytest.mark.parametrize(
    ("raw", "quality"), [(None, "no value"), (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_what_json_cannot_say_is_its_flag_alone(raw, quality):
    assert read(raw, scaler=-2) == (None, quality)
    assert read(raw, 1) == (None, quality)


def test_a_structure_is_json_text_and_a_flag_where_a_number_was_expected():
    raw = [1, [b"MST", b"\xff", CLOCK], None, True, 0.5]
    text = '[1,["MST","FF","2026-11-25T12:30:15+01:00"],null,true,0.5]'
    assert read(raw) == (text, "not a number")
    assert read(raw, 1) == (text, "")


@pytest.mark.parametrize(("class_id", "attribute"), DATES)
def test_octets_of_an_attribute_that_is_a_date_are_one(class_id, attribute):
    assert read(CLOCK, class_id, attribute) == ("2026-11-25T12:30:15+01:00", "")
    assert read(bytearray(CLOCK[:5]), class_id, attribute) == ("2026-11-25", "")
    assert read(b"\xff" * 9 + b"\x80\0\xff", class_id, attribute) == ("FFFFFFFFFFFFFFFFFF8000FF", "unset")
    assert read(bytes(12), class_id, attribute) == ("00" * 12, "not a date-time")
    assert read(b"12:30", class_id, attribute)[1] == "not a date-time"
    assert read(1_700_000_000, class_id, attribute) == (1_700_000_000, "not a date-time")
    assert read([1], class_id, attribute) == ("[1]", "not a date-time")
    assert read("2026-11-25", class_id, attribute) == ("2026-11-25", "")
    assert read(CLOCK[:-1] + b"\x02", class_id, attribute)[1] == "clock doubtful"


def test_octets_of_a_data_object_are_a_date_only_when_they_can_be_nothing_else():
    assert read(CLOCK, 1) == ("2026-11-25T12:30:15+01:00", "")
    assert read(b"MST000170001", 1) == ("MST000170001", "")
    assert read(bytes(range(12)), 1) == ("000102030405060708090A0B", "")
    assert read(CLOCK[:5], 1) == ("07EA0B1903", "")


def test_a_text_that_could_fill_a_message_is_cut_and_flagged():
    assert read("x" * 5000, 1) == ("x" * 4096, "cut, too long")
    assert read(b"x" * 5000, 1) == ("x" * 4096, "cut, too long")
    assert read("x" * 4096, 1) == ("x" * 4096, "")


RAW = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4),
)


@given(RAW, st.sampled_from([1, 3, 4, 5, 8, 70]), st.integers(1, 9), st.integers(-200, 200))
def test_whatever_a_meter_says_there_is_a_value_or_a_flag(raw, class_id, attribute, scaler):
    value, quality = read(raw, class_id, attribute, scaler)
    assert value is not None or quality
    if isinstance(value, float):
        assert math.isfinite(value)
    json.dumps(value, allow_nan=False)


@given(st.integers(-999_999, 999_999), st.integers(-40, 30))
def test_a_decimal_of_six_digits_survives_four_octets(digits, exponent):
    value = float(f"{digits}e{exponent}")
    if value == 0 or abs(value) > 1.2e-38:  # less is a float32 of fewer digits
        assert float32(struct.pack(">f", value)) == value


@given(st.binary(min_size=4, max_size=4))
def test_a_float_of_four_octets_becomes_the_shortest_decimal_that_it_can_stand_for(data):
    (plain,) = struct.unpack(">f", data)
    value = float32(data)
    if math.isnan(plain):
        assert math.isnan(value)
    else:
        assert math.copysign(1, value) == math.copysign(1, plain)
        assert struct.pack(">f", value) == data
        assert len(repr(value)) <= len(repr(plain))


def test_a_meter_that_states_one_point_one_in_four_octets_means_it():
    assert float32(struct.pack(">f", 1.1)) == 1.1
    assert float32(bytes.fromhex("7F7FFFFF")) == 3.4028235e38
    assert float32(bytes.fromhex("7F800000")) == math.inf


def test_units_are_text_and_unknown_codes_say_so():
    assert [unit_text(code) for code in (27, 30, 33, 35, 44)] == ["W", "Wh", "A", "V", "Hz"]
    assert unit_text(255) == ""
    assert unit_text(77) == "unit 77"


def test_a_unit_that_the_standard_does_not_have_is_a_doubt():
    assert unit_doubt(77) == "unknown unit 77"
    assert [unit_doubt(code) for code in (0, 30, 254, 255)] == [""] * 4
