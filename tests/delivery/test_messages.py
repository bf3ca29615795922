from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import DEVICE_TELEMETRY, MAX_BYTES, TELEMETRY, Room, TelemetryBuilder, live
from tests.delivery.built_messages import built, row, strict
from tests.delivery.conftest import sample


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
