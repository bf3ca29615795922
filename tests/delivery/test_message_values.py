"""How values are written: every number, text and doubt as ThingsBoard reads them, and as local subscribers see them."""

from __future__ import annotations

import json
import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import live
from bridge.outbox.body import body
from bridge.sample import Layout, Sample, Value
from tests.delivery.built_messages import built, row, strict
from tests.delivery.conftest import sample
from tests.thingsboard.client import Client

SCALARS = st.one_of(st.integers(), st.floats(), st.text(max_size=50), st.booleans())


def test_numbers_are_written_without_an_exponent_and_without_noise():
    said = body(sample(1, a=1e-05, b=0.1 + 0.2, c=230.0, d=1.5e18, e=-3, f=127.4))

    assert said == '{"a":0.00001,"b":0.3,"c":230.0,"d":1500000000000000000.0,"e":-3,"f":127.4}'


def test_a_whole_number_past_64_bits_gets_a_point_because_thingsboard_refuses_it_otherwise():
    assert body(sample(1, a=2**63 - 1)) == '{"a":9223372036854775807}'
    assert "." in body(sample(1, a=2**63))
    assert body(sample(1, a=10**5000)) == "{}"


def test_what_json_cannot_say_is_left_out_and_the_rest_stays():
    said = strict(body(sample(1, a=math.nan, b=math.inf, c=-math.inf, d=b"bytes", e=1.5, f=True, g=None)))

    assert said == {"e": 1.5, "f": True}


def test_hostile_names_are_escaped():
    said = sample(1, **{'k"},{"x': 1, "nul\0": 'text"\\\n'})
    message, _ = built([row(1, 'd"]', body(said), ts_ms=5)])

    assert strict(message.payload) == {'d"]': [{"ts": 5, "values": {'k"},{"x': 1, "nul\0": 'text"\\\n'}}]}


@given(st.dictionaries(st.text(max_size=20), SCALARS, max_size=8))
def test_every_body_is_json_that_the_oldest_thingsboard_takes(values):
    said = body(Sample("m", 1, tuple(Value(key, "", value, "") for key, value in values.items())))
    numbers = []

    def keep(text):
        numbers.append(text)
        return float(text)

    json.loads(said, parse_float=keep, parse_int=keep, parse_constant=numbers.append)

    for text in numbers:
        assert "e" not in text.lower()
        if "." in text:
            assert len(text.partition(".")[2]) <= 16
        else:
            assert -(2**63) <= int(text) < 2**63


def plainly(value: float) -> str:
    """A number as the module's rules have it, without a library for JSON and without a short cut."""
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return str(value)
    number = Decimal(f"{float(value):.15g}")
    if number.as_tuple().exponent < -16:
        number = number.quantize(Decimal("1e-16"))
    text = f"{number:f}"
    return text if "." in text else f"{text}.0"


AS_METERS_STATE_THEM = st.tuples(st.integers(-(2**32), 2**64), st.integers(-6, 3)).map(
    lambda pair: pair[0] * 10 ** pair[1] if pair[1] >= 0 else pair[0] / 10 ** -pair[1]
)


NUMBERS = st.one_of(
    AS_METERS_STATE_THEM,
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0.0, -0.0, 1e-05, 1e-4, 9.999999999999999, 1e15, 1e16, 0.1 + 0.2, 5e-324, 2**63 - 1, 2**63, -(2**63)]
    ),
)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_the_short_way_writes_what_the_long_one_would(numbers):
    keys = [f"k{number}" for number in range(len(numbers))]

    said = body(Sample("m", 1, [Value(key, "", value, "") for key, value in zip(keys, numbers, strict=True)]))

    assert said == "{" + ",".join(f'"{key}":{plainly(value)}' for key, value in zip(keys, numbers, strict=True)) + "}"


@given(st.lists(st.tuples(SCALARS | st.none(), st.text(max_size=9)), max_size=6), st.text(max_size=9))
def test_body_and_live_copy_are_json_of_the_same_values_whatever_they_are(values, unit):
    given_values = [Value(f"%s{n}", "", value, unit, quality) for n, (value, quality) in enumerate(values)]
    one = Sample("m", 1, given_values)

    said, local = strict(body(one)), strict(live(one)[1])["values"]

    assert body(one).isascii()
    assert set(said) == set(one_by_one(given_values))
    assert {key for key in local if local[key]["value"] is not None} == {key for key in said if not key.endswith("y")}
    assert {key: entry["quality"] for key, entry in local.items() if "quality" in entry} == {
        value.key: value.quality for value in given_values if value.quality
    }
    assert {entry["unit"] for entry in local.values()} <= {unit}


def one_by_one(values):
    for value in values:
        if body(Sample("m", 1, [Value(value.key, "", value.value, "")])) != "{}":
            yield value.key
        if value.quality:
            yield f"{value.key}_quality"


def test_a_doubt_stands_beside_its_value_and_in_its_place_where_there_is_none():
    one = Sample(
        "main",
        5,
        [Value("a", "", 1.5, "V"), Value("b", "", 7, "W", "clock doubtful"), Value("c", "", None, "", "no value")],
    )

    assert strict(body(one)) == {"a": 1.5, "b": 7, "b_quality": "clock doubtful", "c_quality": "no value"}
    assert strict(live(one)[1])["values"] == {
        "a": {"value": 1.5, "unit": "V"},
        "b": {"value": 7, "unit": "W", "quality": "clock doubtful"},
        "c": {"value": None, "unit": "", "quality": "no value"},
    }


def test_a_register_that_was_refused_is_in_neither():
    layout = Layout("main", ("a", "b"), ("", ""), ("V", ""))

    one = layout.sample(5, (None, 2))

    assert body(one) == '{"b":2}'
    assert strict(live(one)[1])["values"] == {"b": {"value": 2, "unit": ""}}
    assert [value.key for value in one.values] == ["b"]
    assert body(layout.sample(5, (None, None))) == "{}"


def test_a_profiles_own_key_is_never_said_twice():
    one = Sample("main", 5, [Value("a", "", 1, "", "odd"), Value("a_quality", "", 2, "")])

    assert body(one) == '{"a":1,"a_quality":2}'


TEXTS = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"-?[0-9]*\.?[0-9]+", fullmatch=True),
    st.sampled_from(
        ["00012345", "-5", "5.50", ".5", "1e5", "12E45", "0x1F", "true", "+5", " 5", "5.", "1\0" + "2", "٣"]
    ),
)


def stored_by_thingsboard(topic: str, payload: str) -> tuple[dict, dict]:
    """Telemetry and attributes that the model, which repeats the recordings, has of device A in the end."""
    client = Client()
    client.publish(topic, json.loads(payload))
    client.wait(5)
    rows = client.server.rows("A")
    return dict(rows.get(1, {})), dict(client.server.attributes("A"))


@given(TEXTS)
def test_text_is_still_text_in_thingsboard(text):
    values = body(Sample("m", 1, [Value("serial", "", text, "")]))

    stored, _ = stored_by_thingsboard("v1/gateway/telemetry", f'{{"A":[{{"ts":1,"values":{values}}}]}}')

    assert isinstance(stored["serial"], str)
    assert stored["serial"].lstrip(" ") == text.replace("\0", "\N{REPLACEMENT CHARACTER}").lstrip(" ")


def test_only_text_that_looks_like_a_number_has_a_space_in_front():
    said = strict(body(sample(1, a="00012345", b="12E45", c="SN-5", d="-0.5", e=5)))

    assert said == {"a": " 00012345", "b": "12E45", "c": "SN-5", "d": " -0.5", "e": 5}


def test_a_nul_in_text_is_shown_and_not_cut():
    assert strict(body(sample(1, a="12\0" + "34"))) == {"a": "12\N{REPLACEMENT CHARACTER}34"}


def test_the_live_copy_has_text_as_it_is():
    assert strict(live(sample(1, a="00012345"))[1])["values"]["a"]["value"] == "00012345"
