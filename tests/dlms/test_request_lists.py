"""GET-WITH-LIST: how much goes into one, and meters that do not keep their word about it."""

from math import ceil

import pytest

from bridge.demo import Faults
from bridge.dlms.association import MeterSession
from bridge.errors import DecodeError, MeterError, ReplyTimeout
from bridge.meters.counter_store import CounterStore
from tests.dlms.reading_by_hand import VOLTAGE, associated, many
from tests.dlms.secured_sides import both_sides
from tests.meters.by_hand import READINGS, converse, hdlc_frame, meter, read_as, server, wrapper_frame


@pytest.mark.parametrize("number", [1, 2, 11, 12, 13, 50])
def test_a_list_request_fits_one_frame_of_the_default_size(number):
    session, side = associated(**many(number))
    readings, requests = converse(session.read(), side.answer)
    assert [one.value for one in readings] == [135.19] * number
    assert len(requests) >= session.plan.round_trips == ceil(number / 12)  # 125 octets hold 12
    lists = [request for request in requests if request[11:13] in (b"\xc0\x03", b"\xc0\x01")]
    assert len(lists) == session.plan.round_trips
    assert not any(request[1] & 0x08 for request in lists)  # none in segments
    assert all(len(request) <= 128 + 11 for request in lists)


def test_the_meters_pdu_size_bounds_a_list():
    side = server("wrapper", max_pdu_bytes=64)
    session, _ = associated("wrapper", side=side, **many(20))
    readings, requests = converse(session.read(), side.answer)
    assert session.plan.round_trips == ceil(20 / 6)  # 64 octets hold 6
    assert [one.value for one in readings] == [135.19] * 20
    assert all(len(request) - 8 <= 64 for request in requests)


def test_a_pdu_size_that_holds_not_even_one_item_still_reads():
    session, side = associated("wrapper", **many(3))
    session.agreed = type(session.agreed)(session.agreed.conformance, 5, b"")
    converse(session.compile(), side.answer)
    readings, _ = converse(session.read(), side.answer)
    assert [one.value for one in readings] == [135.19] * 3


@pytest.mark.parametrize(("items", "trips"), [(0, 30), (1, 30), (7, 5), (64, 1), (127, 1)])
def test_the_profile_bounds_a_list_too(items, trips):
    session, side = associated("wrapper", list_items=items, **many(30))
    _, requests = converse(session.read(), side.answer)
    assert len(requests) == session.plan.round_trips == trips


def test_no_list_is_longer_than_its_count_can_say():
    session, side = associated("wrapper", list_items=127, **many(300))
    readings, requests = converse(session.read(), side.answer)
    assert [request[8 + 3] for request in requests] == [127, 127, 46]
    assert len(readings) == 300


@pytest.mark.parametrize("general", [False, True])
def test_a_ciphered_list_fits_one_frame_with_its_protection(general):
    session, side = both_sides("hdlc", general=general)
    object.__setattr__(session._meter, "registers", session._meter.registers * 6)
    session = MeterSession(session._meter, CounterStore(None))
    converse(session.associate(), side.answer)
    readings, requests = converse(session.read(), side.answer)
    assert len(readings) == 30
    assert not any(request[1] & 0x08 for request in requests)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("lie", ["exception", "garbage", "count", "error"])
def test_a_meter_that_lies_about_lists_is_read_singly_at_once_and_from_then_on(framing, referencing, lie):
    side = server(framing, referencing=referencing, faults=Faults({"lies-list": lie}))
    session = MeterSession(meter(framing, referencing=referencing, profile={"conformance": ""}))
    converse(session.associate(), side.answer)
    for _ in range(2):
        readings, requests = converse(session.read(), side.answer)
        assert read_as(readings) == READINGS
        assert len(requests) == 5
    assert session.plan.lies_about_lists
    _, requests = converse(session.associate(), side.answer)  # it is remembered: no list is tried again
    readings, requests = converse(session.read(), side.answer)
    assert read_as(readings) == READINGS
    assert len(requests) == 5


def test_a_meter_that_is_silent_to_lists_is_read_singly_after_the_second_association():
    side = server("wrapper", faults=Faults({"lies-list": "silent"}))
    session = MeterSession(meter("wrapper"))
    for _ in range(2):
        with pytest.raises(ReplyTimeout):
            converse(session.associate(), side.answer)
    converse(session.associate(), side.answer)
    assert read_as(converse(session.read(), side.answer)[0]) == READINGS
    assert session.plan.lies_about_lists


def test_a_meter_that_has_a_list_and_never_answers_it_is_read_singly_too():
    # Over HDLC it says RR, "not yet", for ever.
    side = server(faults=Faults({"lies-list": "silent"}))
    session = MeterSession(meter())
    converse(session.associate(), side.answer)
    assert read_as(converse(session.read(), side.answer)[0]) == READINGS
    assert session.plan.lies_about_lists


def test_a_meter_that_disconnects_at_a_list_is_read_singly_after_the_second_association():
    side, session = server(), MeterSession(meter())

    def disconnecting(request):
        return hdlc_frame(control=0x1F) if request[11:13] == b"\xc0\x03" else side.answer(request)

    for _ in range(2):
        with pytest.raises(MeterError):
            converse(session.associate(), disconnecting)
    converse(session.associate(), disconnecting)
    assert read_as(converse(session.read(), disconnecting)[0]) == READINGS


def test_one_lost_association_does_not_condemn_lists():
    side, session = server(), MeterSession(meter())
    silent = [True]

    def answer(request):
        return b"" if silent[0] and request[11:13] == b"\xc0\x03" else side.answer(request)

    with pytest.raises(ReplyTimeout):
        converse(session.associate(), answer)
    silent[0] = False
    converse(session.associate(), answer)
    _, requests = converse(session.read(), answer)
    assert len(requests) == 1
    assert not session.plan.lies_about_lists


def test_a_meter_that_refuses_every_item_of_a_list_and_none_alone_is_read_singly():
    side, session = server("wrapper"), MeterSession(meter("wrapper"))

    def refusing(request):
        if request[8:10] != b"\xc0\x03":
            return side.answer(request)
        return wrapper_frame(b"\xc4\x03" + request[10:12] + b"\x01\x03" * request[11], destination=1)

    converse(session.associate(), refusing)
    readings, requests = converse(session.read(), refusing)
    assert read_as(readings) == READINGS
    assert len(requests) == 5


def test_a_list_that_was_had_before_is_not_doubted_for_one_failure():
    session, side = associated("wrapper")
    converse(session.read(), side.answer)
    with pytest.raises(DecodeError):
        converse(
            session.read(),
            lambda request: wrapper_frame(b"\xc4\x03" + request[10:11] + b"\x01\x00\x11\x05", destination=1),
        )
    assert not session.plan.lies_about_lists
    converse(session.associate(), side.answer)
    assert len(converse(session.read(), side.answer)[1]) == 1


RARE = {
    "registers": [
        VOLTAGE,
        {"key": "compact", "obis": "0-128:96.99.19", "class": 1},
        {"key": "empty", "obis": "0-128:96.99.0", "class": 1},
    ]
}


def test_a_compact_array_in_a_list_is_read_with_the_others():
    session, side = associated("wrapper", **RARE)
    for _ in range(2):
        readings, requests = converse(session.read(), side.answer)
        assert [(one.value, one.refusal) for one in readings] == [(135.19, ""), ("[[1,2],[3,4]]", ""), (None, "")]
    assert len(requests) == 1


def test_a_type_that_nobody_knows_in_a_list_is_asked_for_by_itself_from_then_on():
    session, side = associated("wrapper", **RARE)
    compact = bytes.fromhex("130202121106000102000304")

    def answer(request):
        apdu = side.answer(request)[8:].replace(compact, b"\x1c\x05")
        return wrapper_frame(apdu, destination=1)

    for _ in range(3):
        readings, requests = converse(session.read(), answer)
        assert [one.value for one in readings] == [135.19, None, None]
        assert [one.quality for one in readings] == ["", "unreadable answer", "no value"]
    assert len(requests) == 2
