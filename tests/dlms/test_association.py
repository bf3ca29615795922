"""The conversation, driven by hand with bytes: no network, the demo meter as the other side."""

import pytest

from bridge.demo import DEMO_PASSWORD, Faults
from bridge.dlms.association import MeterSession
from bridge.errors import AccessError, AssociationError, AuthError, DecodeError, ReplyTimeout
from tests.meters.by_hand import READINGS, converse, hdlc_frame, meter, read_as, server

SINGLES = {"list_items": 0}


@pytest.fixture(params=["hdlc", "wrapper"])
def framing(request):
    return request.param


@pytest.fixture
def associated(framing):
    session, side = MeterSession(meter(framing)), server(framing)
    converse(session.associate(), side.answer)
    return session, side


def test_a_meter_is_read_with_scalers_and_units_applied(associated):
    session, side = associated
    readings, _ = converse(session.read(), side.answer)
    assert read_as(readings) == READINGS
    assert not any(one.refusal or one.quality for one in readings)


def test_a_cycle_is_one_request_where_lists_were_agreed_on(associated):
    session, side = associated
    for _ in range(3):
        _, requests = converse(session.read(), side.answer)
        assert len(requests) == session.plan.round_trips == 1


def test_scalers_are_read_once_an_association_and_never_in_a_cycle(framing):
    session, side = MeterSession(meter(framing, profile=SINGLES)), server(framing)
    converse(session.associate(), side.answer)
    for _ in range(3):
        readings, requests = converse(session.read(), side.answer)
        assert read_as(readings) == READINGS
        assert len(requests) == 5


def test_without_multiple_references_each_register_has_its_own_request(framing):
    session, side = MeterSession(meter(framing)), server(framing, lists=False)
    converse(session.associate(), side.answer)
    readings, requests = converse(session.read(), side.answer)
    assert read_as(readings) == READINGS
    assert len(requests) == 5


def test_the_connection_request_is_the_one_that_the_meter_is_known_to_take():
    assert next(MeterSession(meter()).associate()) == bytes.fromhex("7EA0070303938C117E")


def test_the_association_proposes_the_profiles_conformance_and_pdu_size():
    side, session = server(), MeterSession(meter())
    _, requests = converse(session.associate(), side.answer)
    assert bytes.fromhex("5F1F0400007E1F04B0") in requests[1]


def test_what_was_agreed_on_is_told(associated):
    session, _ = associated
    assert {"GET", "MULTIPLE_REFERENCES"} <= session.agreed.conformance
    assert session.agreed.lists
    assert session.agreed.max_pdu_bytes == 0xFFFF


def test_a_wrong_password_is_an_authentication_error(framing):
    with pytest.raises(AuthError, match="password"):
        converse(MeterSession(meter(framing, password="87654321")).associate(), server(framing).answer)


def test_a_register_that_the_meter_refuses_does_not_fail_the_others(framing):
    for fields in ({}, SINGLES):
        session, side = (
            MeterSession(meter(framing, profile=fields)),
            server(framing, faults=Faults({"refuse": ["1.1.31.7.0.255"]})),
        )
        converse(session.associate(), side.answer)
        readings, _ = converse(session.read(), side.answer)
        assert [reading.value is None for reading in readings] == [False, True, False, False, False]
        assert readings[1].refusal == "read-write denied"
        assert session.plan.lies_about_lists is False


def test_a_meter_that_refuses_everything_is_an_access_error(framing):
    names = ["1.1.32.7.0.255", "1.1.31.7.0.255", "1.1.14.7.0.255", "1.1.1.7.0.255", "1.1.1.8.0.255"]
    session, side = MeterSession(meter(framing)), server(framing, faults=Faults({"refuse": names}))
    converse(session.associate(), side.answer)
    with pytest.raises(AccessError, match="every register"):
        converse(session.read(), side.answer)


def test_registers_that_do_not_exist_are_refused_as_undefined():
    session, side = MeterSession(meter(profile_name="single_phase", client=1)), server()
    converse(session.associate(), side.answer)
    with pytest.raises(AccessError, match="object undefined"):
        converse(session.read(), side.answer)


def test_on_hdlc_a_timeout_asks_for_the_answer_and_then_repeats_the_very_same_frame():
    session = MeterSession(meter("hdlc"))
    converse(session.associate(), server().answer)
    conversation = session.read()
    first = next(conversation)
    assert conversation.throw(ReplyTimeout("late"))[5] & 0x0F == 0x01
    assert conversation.throw(ReplyTimeout("late")) == first
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("late"))


def test_silence_that_is_final_is_not_asked_again(associated):
    session, _ = associated
    conversation = session.read()
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("others wait", final=True))


@pytest.mark.parametrize("referencing", ["ln", "sn"])
def test_on_the_wrapper_in_clear_a_timeout_is_the_end_of_the_association(referencing):
    """Nothing tells a late answer there from that to the sixteenth question after, by short names from the next."""
    session = MeterSession(meter("wrapper", referencing=referencing, profile={"conformance": "", "list_items": 0}))
    converse(session.associate(), server("wrapper", referencing=referencing).answer)
    conversation = session.read()
    next(conversation)
    with pytest.raises(ReplyTimeout, match=r"asked for 1-1:32\.7\.0"):
        conversation.throw(ReplyTimeout("late"))


def test_an_answer_from_another_meter_on_the_bus_is_not_taken():
    session, side = MeterSession(meter("hdlc", profile=SINGLES)), server()
    converse(session.associate(), side.answer)
    stranger = server(server=2)
    other = MeterSession(meter("hdlc", server=2))
    converse(other.associate(), stranger.answer)
    conversation = session.read()
    request = next(conversation)
    assert conversation.send(stranger.answer(next(other.read()))) == b""  # dropped: one more frame is awaited
    assert conversation.send(side.answer(request)) != b""


def test_a_stream_of_strangers_frames_is_given_up(associated, framing):
    session, _ = associated
    conversation = session.read()
    next(conversation)
    answer = bytes.fromhex("7ea0130305747033e6e700c401c10012321090247e")
    if framing == "wrapper":
        answer = b"\x00\x01\x00\x07\x00\x01\x00\x05\xc4\x01\xc1\x01\x04"
    for _ in range(15):
        assert conversation.send(answer) == b""
    with pytest.raises(DecodeError, match="none of which"):
        converse_on(conversation, answer)


def converse_on(conversation, answer):
    for _ in range(3):
        conversation.send(answer)


def test_a_disconnected_meter_says_so():
    session, side = MeterSession(meter("hdlc")), server()
    converse(session.associate(), side.answer)
    conversation = session.read()
    next(conversation)
    with pytest.raises(AssociationError, match="disconnected"):
        conversation.send(hdlc_frame(b"", control=0x1F))


def test_an_answer_that_makes_no_sense_is_a_decode_error(framing):
    session, side = MeterSession(meter(framing, profile=SINGLES)), server(framing)
    converse(session.associate(), side.answer)
    conversation = session.read()
    request = next(conversation)
    answer = bytearray(side.answer(request))
    if framing == "wrapper":
        answer[8] = 0xF7  # no APDU has this tag
    else:
        answer = hdlc_frame(b"\xe6\xe7\x00\xf7\x01", control=answer[5])
    with pytest.raises(DecodeError):
        conversation.send(bytes(answer))


def test_release_leaves_the_meter_ready_for_the_next_client(associated):
    session, side = associated
    converse(session.release(), side.answer)
    assert session.agreed is None
    converse(session.associate(), side.answer)
    readings, _ = converse(session.read(), side.answer)
    assert readings[0].value == 135.19


def test_release_sends_rlrq_and_then_disc():
    session, side = MeterSession(meter()), server()
    converse(session.associate(), side.answer)
    _, requests = converse(session.release(), side.answer)
    assert bytes.fromhex("6203800100") in requests[0]
    assert requests[1][5] == 0x53


@pytest.mark.parametrize("answer", [b"", hdlc_frame(b"\x00", control=0x74), hdlc_frame(b"\x54\x74\x01", control=0x97)])
def test_a_meter_that_does_not_know_rlrq_or_lost_count_is_disconnected_all_the_same(answer):
    session, side = MeterSession(meter(retries=0)), server()
    converse(session.associate(), side.answer)
    rlrq = b"\x62\x03\x80\x01\x00"
    _, requests = converse(session.release(), lambda request: answer if rlrq in request else side.answer(request))
    assert [request[5] for request in requests][-1] == 0x53


def test_a_session_that_never_associated_only_disconnects():
    session, side = MeterSession(meter()), server()
    _, requests = converse(session.release(), side.answer)
    assert [request[5] for request in requests] == [0x53]


def test_a_meter_that_is_not_associated_is_not_compiled_for():
    with pytest.raises(AssociationError, match="not associated"):
        next(MeterSession(meter()).compile())


def test_one_attribute_is_read_by_its_name(associated):
    session, side = associated
    assert converse(session.get(1, "0.0.42.0.0.255", 2), side.answer)[0] == (b"DEMO00000001", 0)
    assert converse(session.get(1, "9.9.9.9.9.255", 2), side.answer)[0] == (None, 4)


def test_several_attributes_are_read_in_one_list(associated):
    session, side = associated
    wanted = [(3, "1.1.32.7.0.255", 2), (3, "9.9.9.9.9.255", 2), (3, "1.1.32.7.0.255", 3)]
    results, requests = converse(session.get_list(wanted), side.answer)
    assert results == [(13519, 0), (None, 4), ([-2, 35], 0)]
    assert len(requests) == 1


@pytest.mark.parametrize("referencing", ["ln", "sn"])
def test_the_object_list_is_shown(framing, referencing):
    session = MeterSession(meter(framing, referencing=referencing, profile={"conformance": ""}))
    side = server(framing, referencing=referencing)
    converse(session.associate(), side.answer)
    found, _ = converse(session.objects(), side.answer)
    assert {(3, 0, "1.1.32.7.0.255"), (8, 0, "0.0.1.0.0.255")} <= {one[:3] for one in found}
    assert all(bool(one.base_name) == (referencing == "sn") for one in found)
    assert all((one.access is not None) == (referencing == "ln") for one in found)
    assert len(found) == len(side.items) + 1  # and the association itself


def test_by_short_names_a_meter_is_read_in_one_request_and_absent_registers_are_refused():
    fields = {"conformance": "", "registers": [
        {"key": "voltage_l1", "obis": "1-1:32.7.0"}, {"key": "nothing", "obis": "1-1:99.7.0"},
        {"key": "frequency", "obis": "1-1:14.7.0"},
    ]}  # fmt: skip
    session, side = MeterSession(meter("hdlc", referencing="sn", profile=fields)), server(referencing="sn")
    converse(session.associate(), side.answer)
    readings, requests = converse(session.read(), side.answer)
    assert {one.register.key: (one.value, one.refusal) for one in readings} == {
        "voltage_l1": (135.19, ""), "frequency": (59.98, ""), "nothing": (None, "object undefined"),
    }  # fmt: skip
    assert len(requests) == 1


def test_by_short_names_a_meter_that_was_exchanged_is_read_by_its_own_names():
    session = MeterSession(meter("hdlc", referencing="sn", profile={"conformance": ""}))
    before, after = server(referencing="sn"), server(referencing="sn")
    for item in after.items:
        item.shortName += 0x1000
    for side in (before, after):
        converse(session.associate(), side.answer)
        assert read_as(converse(session.read(), side.answer)[0]) == READINGS


def test_the_password_is_in_no_representation():
    assert DEMO_PASSWORD not in repr(meter()) + str(meter())


def test_gurux_prints_nothing_that_reaches_the_caller_of_a_good_cycle(associated, capsys):
    session, side = associated
    converse(session.read(), side.answer)
    assert capsys.readouterr().out == ""


def test_attributes_are_read_once_an_association_and_refused_ones_are_left_out(framing):
    named = {"serial_number": "0-0:96.1.0", "nothing": "0-0:96.1.99", "logical_device_name": "0-0:42.0.0"}
    fields = {"attributes": [{"key": key, "obis": obis, "class": 1} for key, obis in named.items()]}
    session, side = MeterSession(meter(framing, profile=fields)), server(framing)
    converse(session.associate(), side.answer)
    assert session.attributes == {"serial_number": "00000001", "logical_device_name": "DEMO00000001"}
    assert session.units == {
        "voltage_l1": "V",
        "current_l1": "A",
        "frequency": "Hz",
        "active_power": "W",
        "active_energy": "Wh",
    }
