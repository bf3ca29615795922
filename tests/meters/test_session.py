"""The conversation, driven by hand with bytes: no network, gurux's server side as the meter."""

import pytest
from gurux_dlms.enums import AccessMode

from bridge.demo import DEMO_PASSWORD, MeterServer
from bridge.errors import AccessError, AssociationError, AuthError, DecodeError, ReplyTimeout
from bridge.meters.meter import resolve
from bridge.meters.profile import load_profile
from bridge.meters.session import Session
from bridge.settings import MeterSettings, PollSettings
from tests.meters.test_framing import hdlc_frame


def fixed_load(now_s):
    return {
        "1.1.32.7.0.255": 13519,
        "1.1.31.7.0.255": 1230,
        "1.1.14.7.0.255": 5998,
        "1.1.1.7.0.255": -156,
        "1.1.1.8.0.255": 56348,
    }


def meter(framing="hdlc", **settings):
    given = {"host": "meter", "profile": "microstar", "password": DEMO_PASSWORD, "framing": framing, **settings}
    settings = MeterSettings.model_validate(given)
    return resolve("main", settings, load_profile(settings.profile), PollSettings(retries=2))


def server(framing="hdlc", **arguments):
    return MeterServer(framing=framing, load=fixed_load, **arguments)


def converse(conversation, answer):
    """Drive a conversation against ``answer(request) -> frame``; return its result and the requests it made."""
    requests = []
    try:
        request = next(conversation)
        while True:
            requests.append(request)
            request = conversation.send(answer(request))
    except StopIteration as done:
        return done.value, requests


@pytest.fixture(params=["hdlc", "wrapper"])
def framing(request):
    return request.param


@pytest.fixture
def associated(framing):
    session, side = Session(meter(framing)), server(framing)
    converse(session.associate(), side.answer)
    return session, side


def test_a_meter_is_read_with_scalers_and_units_applied(associated):
    session, side = associated
    readings, _ = converse(session.read(), side.answer)
    assert [(r.register.key, r.value, r.unit) for r in readings] == [
        ("voltage_l1", 135.19, "V"),
        ("current_l1", 1.23, "A"),
        ("frequency", 59.98, "Hz"),
        ("active_power", -156, "W"),
        ("active_energy", 56348, "Wh"),
    ]


def test_scalers_are_read_once_an_association(associated):
    session, side = associated
    for _ in range(3):
        _, requests = converse(session.read(), side.answer)
        assert len(requests) == 5


def test_the_connection_request_is_the_one_that_the_meter_is_known_to_take():
    assert next(Session(meter()).associate()) == bytes.fromhex("7EA0070303938C117E")


def test_the_association_proposes_the_profiles_conformance_and_pdu_size():
    side, session = server(), Session(meter())
    _, requests = converse(session.associate(), side.answer)
    assert bytes.fromhex("5F1F0400007E1F04B0") in requests[1]


def test_a_wrong_password_is_an_authentication_error(framing):
    with pytest.raises(AuthError, match="password"):
        converse(Session(meter(framing, password="87654321")).associate(), server(framing).answer)


def test_a_register_that_the_meter_refuses_does_not_fail_the_others(associated, monkeypatch):
    session, side = associated

    def access(argument):
        refused = argument.target.logicalName == "1.1.31.7.0.255"
        return AccessMode.NO_ACCESS if refused else AccessMode.READ

    monkeypatch.setattr(side, "onGetAttributeAccess", access)
    readings, _ = converse(session.read(), side.answer)
    assert [reading.value is None for reading in readings] == [False, True, False, False, False]
    assert "read-write denied" in readings[1].refusal


def test_a_meter_that_refuses_everything_is_an_access_error(associated, monkeypatch):
    session, side = associated
    monkeypatch.setattr(side, "onGetAttributeAccess", lambda _: AccessMode.NO_ACCESS)
    with pytest.raises(AccessError, match="every register"):
        converse(session.read(), side.answer)


def test_a_register_that_does_not_exist_is_read_without_a_scaler_and_refused():
    session, side = Session(meter(profile="single_phase", client=1)), server()
    converse(session.associate(), side.answer)
    with pytest.raises(AccessError, match="undefined object"):
        converse(session.read(), side.answer)


def test_on_hdlc_a_timeout_repeats_the_very_same_frame():
    session = Session(meter("hdlc"))
    converse(session.associate(), server().answer)
    conversation = session.read()
    first = next(conversation)
    assert conversation.throw(ReplyTimeout("late")) == first
    assert conversation.throw(ReplyTimeout("late")) == first
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("late"))


def test_on_the_wrapper_a_timeout_asks_under_a_new_invoke_id_and_drops_the_late_answer():
    session, side = Session(meter("wrapper")), server("wrapper")
    converse(session.associate(), side.answer)
    conversation = session.read()
    first = next(conversation)
    second = conversation.throw(ReplyTimeout("late"))
    assert second[10] & 0x0F == (first[10] & 0x0F) + 1
    late, timely = side.answer(first), side.answer(second)
    assert conversation.send(late) == b""  # dropped: one more frame is awaited
    assert conversation.send(timely) != b""  # taken: on to the next register


def test_an_answer_from_another_meter_on_the_bus_is_not_taken():
    session, side = Session(meter("hdlc")), server()
    converse(session.associate(), side.answer)
    stranger = server(server=2)
    other = Session(meter("hdlc", server=2))
    converse(other.associate(), stranger.answer)
    conversation = session.read()
    request = next(conversation)
    assert conversation.send(stranger.answer(next(other.read()))) == b""  # dropped: one more frame is awaited
    assert conversation.send(side.answer(request)) != b""


def test_a_stream_of_strangers_frames_is_given_up(associated):
    session, _ = associated
    conversation = session.read()
    next(conversation)
    answer = bytes.fromhex("7ea0130305747033e6e700c401c10012321090247e")
    if session._meter.framing == "wrapper":
        answer = b"\x00\x01\x00\x07\x00\x01\x00\x05\xc4\x01\xc1\x01\x04"
    for _ in range(16):
        assert conversation.send(answer) == b""
    with pytest.raises(DecodeError, match="none of which answers"):
        conversation.send(answer)


def test_a_disconnected_meter_says_so():
    session, side = Session(meter("hdlc")), server()
    converse(session.associate(), side.answer)
    conversation = session.read()
    next(conversation)
    with pytest.raises(AssociationError, match="disconnected"):
        conversation.send(hdlc_frame(b"", control=0x1F))


def test_an_answer_that_makes_no_sense_is_a_decode_error(associated):
    session, side = associated
    conversation = session.read()
    request = next(conversation)
    answer = bytearray(side.answer(request))
    if session._meter.framing == "wrapper":
        answer[8] = 0xF7  # no APDU has this tag
    else:
        answer = hdlc_frame(b"\xe6\xe7\x00\xf7\x01", control=answer[5])
    with pytest.raises(DecodeError):
        conversation.send(bytes(answer))


def test_release_leaves_the_meter_ready_for_the_next_client(associated):
    session, side = associated
    converse(session.release(), side.answer)
    converse(session.associate(), side.answer)
    readings, _ = converse(session.read(), side.answer)
    assert readings[0].value == 135.19


def test_the_password_is_in_no_representation():
    assert DEMO_PASSWORD not in repr(meter()) + str(meter())


def test_gurux_prints_nothing_that_reaches_the_caller_of_a_good_cycle(associated, capsys):
    session, side = associated
    converse(session.read(), side.answer)
    assert capsys.readouterr().out == ""


def test_attributes_are_read_once_an_association_and_refused_ones_are_left_out():
    side = server()  # over HDLC: behind the wrapper gurux's server falls silent after its first refusal
    session = Session(meter(profile="single_phase", client=1))
    converse(session.associate(), side.answer)
    assert session.attributes == {"logical_device_name": "DEMO00000001"}  # the demo meter has no other
