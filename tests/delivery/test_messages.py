from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import DEVICE_TELEMETRY, MAX_BYTES, TELEMETRY, Message, Room, TelemetryBuilder, live
from bridge.outbox.body import body
from bridge.outbox.row import Row
from bridge.sample import Layout, Sample, Value
from tests.delivery.conftest import sample
from tests.thingsboard.client import Client

SCALARS = st.one_of(st.integers(), st.floats(), st.text(max_size=50), st.booleans())


def row(number: int, device: str = "main", text: str = '{"v":1}', ts_ms: int | None = None) -> Row:
    return Row(number, "meter", number * 1000 if ts_ms is None else ts_ms, text, device)


def built(rows: list[Row], room: Room | None = None, *, as_device: bool = False) -> tuple[Message, int]:
    """The message that the first of the rows make, and how many those are."""
    builder, count = TelemetryBuilder(room or Room(), as_device=as_device), 0
    for one in rows:
        if not builder.add(one):
            break
        count += 1
    return builder.message(), count


def strict(payload: bytes | str):
    def refuse(name):
        raise ValueError(name)

    return json.loads(payload, parse_constant=refuse)


def test_a_message_has_thingsboards_form_and_groups_by_device():
    message, _ = built([row(1, "Meter A"), row(2, "b"), row(3, "Meter A")])

    assert message.topic == TELEMETRY == "v1/gateway/telemetry"
    assert strict(message.payload) == {
        "Meter A": [{"ts": 1000, "values": {"v": 1}}, {"ts": 3000, "values": {"v": 1}}],
        "b": [{"ts": 2000, "values": {"v": 1}}],
    }
    assert message.ids == (1, 2, 3)
    assert (message.entries, message.points) == (2, 3)
    assert message.devices == {"Meter A": 2, "b": 1}


def test_in_a_meters_own_session_there_is_no_name():
    message, _ = built([row(1), row(2)], as_device=True)

    assert message.topic == DEVICE_TELEMETRY == "v1/devices/me/telemetry"
    assert strict(message.payload) == [{"ts": 1000, "values": {"v": 1}}, {"ts": 2000, "values": {"v": 1}}]
    assert message.entries == 1


def test_two_messages_are_the_same_only_if_they_are_one():
    assert built([row(1)])[0] != built([row(1)])[0]


def test_the_live_copy_has_values_with_units_and_the_time():
    topic, payload = live(sample(1234, "main", voltage_l1=127.4))

    assert topic == "meters/main"
    assert strict(payload) == {"ts": 1234, "values": {"voltage_l1": {"value": 127.4, "unit": "V"}}}


def test_a_meters_name_cannot_leave_its_place_in_the_live_topic():
    topic, _ = live(sample(1, "a/b+c#\0"))

    assert topic == "meters/a_b_c__"


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


@pytest.mark.parametrize("text", ['{"a":1,"b":123456789012345678901234567890}', '{"a":"\\ud800","b":2}'])
def test_a_body_that_a_fast_library_refuses_is_still_sent(text):
    message, _ = built([row(1, text=text)])

    assert message.points == 2


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 40)), min_size=1, max_size=60),
    st.integers(150, 2000),
    st.integers(1, 3),
    st.integers(1, 100),
    st.one_of(st.none(), st.integers(1, 50)),
)
def test_no_message_passes_what_it_may_have_but_by_its_first_row(sizes, max_bytes, entries, points, device_points):
    rows = [
        row(number, device, "{" + ",".join(f'"k{key}":1.25' for key in range(size)) + "}")
        for number, (device, size) in enumerate(sizes)
    ]
    room = Room(max_bytes, entries, points, None if device_points is None else lambda device: device_points)

    message, count = built(rows, room)

    assert message.ids == tuple(one.id for one in rows[:count])
    said = strict(message.payload)
    assert sum(len(entry) for entry in said.values()) == count
    assert message.devices == {device: sum(len(one["values"]) for one in entry) for device, entry in said.items()}
    if count > 1:
        assert len(message.payload) <= max_bytes
        assert message.entries <= entries
        assert message.points <= points
        assert device_points is None or max(message.devices.values()) <= max(device_points, sizes[0][1])


def test_a_sample_larger_than_a_message_is_refused_with_its_size():
    with pytest.raises(ValueError, match=f"more than the {MAX_BYTES}"):
        TelemetryBuilder(Room()).add(row(2, text='{"k":"' + "x" * 70_000 + '"}'))


def test_a_row_that_a_damaged_disk_made_unreadable_is_refused():
    with pytest.raises(ValueError, match="not a JSON object"):
        TelemetryBuilder(Room()).add(row(1, text='{"v":'))


def test_a_full_message_is_just_under_the_cap():
    message, count = built([row(number, f"m{number % 50}") for number in range(5000)])

    assert 59_000 < len(message.payload) <= MAX_BYTES
    assert count < 5000


def test_what_it_takes_on_the_line_is_more_than_its_payload():
    message, _ = built([row(1)])
    assert len(message.payload) + 50 < message.size_bytes < len(message.payload) + 150


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
