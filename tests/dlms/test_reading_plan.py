"""The plan of a cycle: the fewest requests that fit, scalers once, and meters that lie about lists."""

import pytest

from bridge.demo import Faults
from bridge.dlms.association import MeterSession
from bridge.errors import AccessError, MeterError
from tests.dlms.reading_by_hand import associated, many
from tests.meters.by_hand import READINGS, converse, meter, server, wrapper_frame


def test_a_larger_frame_that_was_agreed_on_holds_more():
    side = server(max_info_bytes=1024)
    session, _ = associated(side=side, max_info_bytes=1024, **many(50))
    readings, requests = converse(session.read(), side.answer)
    assert len(requests) == session.plan.round_trips == 1
    assert len(readings) == 50


def test_a_refused_scaler_leaves_the_figure_as_it_is_and_says_so():
    side = server("wrapper")
    session = MeterSession(meter("wrapper", profile={"list_items": 0}))
    scaler = bytes((0, 3, 1, 1, 32, 7, 0, 255, 3))

    def refusing(request):
        return (
            wrapper_frame(b"\xc4\x01" + request[10:11] + b"\x01\x03", destination=1)
            if scaler in request
            else side.answer(request)
        )

    converse(session.associate(), refusing)
    readings, _ = converse(session.read(), side.answer)
    assert (readings[0].value, readings[0].unit, readings[0].quality) == (13519, "", "scaler unknown")
    assert readings[1].quality == ""


@pytest.mark.parametrize(
    "answer", [b"\x00\x00", b"\x00\x02\x01\x0f\xfe", b"\x00\x02\x02\x09\x01\xfe\x16\x23", b"\x00\x11\x05"]
)
def test_a_scaler_that_is_none_is_told_as_one(answer):
    side = server("wrapper")
    session = MeterSession(meter("wrapper", profile={"list_items": 0}))

    def bent(request):
        return (
            wrapper_frame(b"\xc4\x01" + request[10:11] + answer, destination=1)
            if request[19:20] == b"\x03"
            else side.answer(request)
        )

    converse(session.associate(), bent)
    readings, _ = converse(session.read(), side.answer)
    assert {one.quality for one in readings} == {"scaler unknown"}
    assert readings[0].value == 13519


def test_clocks_and_data_are_read_without_asking_for_a_scaler():
    fields = {
        "registers": [
            {"key": "clock", "obis": "0-0:1.0.0", "class": 8},
            {"key": "name", "obis": "0-0:42.0.0", "class": 1},
        ]
    }
    session, side = MeterSession(meter("wrapper", profile=fields)), server("wrapper", clock=lambda: 1_800_000_000.0)
    _, requests = converse(session.associate(), side.answer)
    assert len(requests) == 1
    readings, _ = converse(session.read(), side.answer)
    assert [one.value for one in readings] == ["2027-01-15T08:00:00+00:00", "DEMO00000001"]


def test_demand_and_extended_registers_have_their_scalers_where_the_standard_puts_them():
    maximum, demand = {"obis": "1-1:1.6.0", "class": 4}, {"obis": "1-1:1.4.0", "class": 5}
    fields = {
        "registers": [
            {"key": "maximum", **maximum},
            {"key": "captured", **maximum, "attribute": 5},
            {"key": "demand", **demand},
            {"key": "last", **demand, "attribute": 3},
        ]
    }
    session, side = associated("wrapper", **fields)
    readings, _ = converse(session.read(), side.answer)
    assert [one.unit for one in readings] == ["W", "", "W", "W"]
    assert not any(one.quality or one.refusal for one in readings)


def test_one_that_is_answered_by_an_exception_is_refused_alone():
    side = server("wrapper")
    session = MeterSession(meter("wrapper", profile={"list_items": 0}))
    name = bytes((1, 1, 31, 7, 0, 255))

    def answer(request):
        return wrapper_frame(b"\xd8\x02\x02", destination=1) if name in request else side.answer(request)

    converse(session.associate(), answer)
    for _ in range(3):
        readings, _ = converse(session.read(), answer)
        assert [one.refusal for one in readings] == ["", "other reason", "", "", ""]
        assert readings[0].value == 135.19


def test_an_exception_for_what_was_read_before_is_the_end_of_the_association():
    side = server("wrapper")
    session = MeterSession(meter("wrapper", profile={"list_items": 0}))
    converse(session.associate(), side.answer)
    converse(session.read(), side.answer)
    with pytest.raises(MeterError, match="exception"):
        converse(session.read(), lambda _: wrapper_frame(b"\xd8\x01\x01", destination=1))


def test_a_meter_that_refuses_all_is_an_access_error_that_says_why():
    session, _ = associated("wrapper", list_items=0)
    with pytest.raises(AccessError, match="other reason"):
        converse(session.read(), lambda _: wrapper_frame(b"\xd8\x02\x02", destination=1))


@pytest.mark.parametrize("seed", range(5))
def test_values_that_make_no_sense_are_published_as_they_are_with_a_word_on_it(seed):
    side = server("wrapper", faults=Faults({"nonsense": "0.7"}, seed=seed))
    session = MeterSession(meter("wrapper"))
    converse(session.associate(), side.answer)
    for _ in range(10):
        readings, _ = converse(session.read(), side.answer)
        for one, (_, value, _) in zip(readings, READINGS, strict=True):
            assert one.refusal == ""
            assert one.quality or one.value == value or one.unit in ("W", "Wh")  # no scaler: a text stands for itself
