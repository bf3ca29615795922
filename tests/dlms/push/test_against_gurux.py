"""What gurux-dlms pushes as a meter is read as it was meant: body, ciphering, blocks and frames all of its making."""

import pytest
from gurux_dlms import GXDateTime
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSData, GXDLMSRegister
from gurux_dlms.objects.GXDLMSPushSetup import GXDLMSPushSetup

from bridge.dlms.push import PushApdu, PushStream, names_in, open_notification, pushed_body
from tests.dlms.push.gurux_pushes import AT, TITLE, keys, notified, notifier, protected, push_setup, pushed

SECURITY = {0: "none", 0x10: "authentication", 0x20: "encryption", 0x30: "authenticated-encryption"}
CLOCK = bytes.fromhex("07ea0b1aff17050700000000")


def received(frames, size=0):
    stream, data = PushStream(), b"".join(frames)
    out = []
    for at in range(0, len(data), size or len(data)):
        out += stream.feed(data[at : at + (size or len(data))])
    assert (stream.is_partial, stream.drop()) == (False, [])
    return out


def told(frames, known=None, size=0):
    [message] = received(frames, size)
    assert isinstance(message, PushApdu)
    return open_notification(message.apdu, lambda title: known if title == TITLE else None)


@pytest.mark.parametrize("framing", ["wrapper", "hdlc", "bare"])
@pytest.mark.parametrize("security", list(SECURITY))
@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("pdu_bytes", [0, 100])
def test_a_push_setup_is_read_in_every_framing_security_and_suite_whole_and_in_blocks(
    framing, security, suite, pdu_bytes
):
    made = notifier(framing, security, suite, counter=9, pdu_bytes=pdu_bytes, client=3, server=5)
    made.settings.hdlc.maxInfoTX = 1024
    frames = pushed(made)
    assert (len(frames) > 1) == bool(pdu_bytes)
    for size in (0, 1, 17):
        notification = told(frames, keys(security, suite), size)
        assert notification.security == SECURITY[security]
        assert (notification.title, notification.counter) == ((TITLE, 9) if security else (b"", None))
        assert notification.sent == CLOCK
        body = pushed_body(notification)
        assert [tuple(value) for value in body.values] == [
            ("0.0.42.0.0.255", "GRX0000000000007", 1, 2, 0, None, None),
            ("0.0.1.0.0.255", CLOCK, 8, 2, 0, None, None),
            ("1.0.1.8.0.255", 123456, 3, 2, 0, 1, 0),
            ("1.0.1.8.0.255", [1, 0], 3, 3, 0, None, None),
        ]
        assert names_in(body) == ("GRX0000000000007",)
    [message] = received(frames)
    assert (message.source, message.destination) == ((0, 0) if framing == "bare" else (5, 3))


def test_all_attributes_of_an_object_are_values_of_their_own():
    energy = GXDLMSRegister("1.0.1.8.0.255")
    energy.value, energy.scaler = 7, 1000
    setup = GXDLMSPushSetup("0.0.25.9.0.255")
    setup.pushObjectList += [(setup, GXDLMSCaptureObject(2, 0)), (energy, GXDLMSCaptureObject(0, 0))]
    [frame] = pushed(notifier(), setup)
    # gurux leaves out the last attribute of such an object, and says one too many: what it lacks is put there.
    frame = bytearray(frame) + b"\x02\x02\x0f\x03\x16\x1e"
    frame[6:8] = (len(frame) - 8).to_bytes(2)
    values = pushed_body(told([bytes(frame)])).values
    assert [(value.attribute, value.value, value.scaler, value.unit) for value in values] == [
        (2, 7, 3, 30),
        (3, [3, 30], None, None),
    ]


@pytest.mark.parametrize("when", [None, AT])
def test_an_event_with_and_without_its_time_is_about_one_attribute(when):
    alarm = GXDLMSData("0.0.97.98.0.255")
    alarm.value = 0x80
    made = notifier("bare")
    time = None if when is None else GXDateTime(when)
    [apdu] = [bytes(one) for one in made.generateReport(time, [(alarm, 2)])]
    event = told([apdu])
    assert (event.kind, event.sent) == ("event", CLOCK if when else b"")
    assert tuple(event.subject) == (1, bytes.fromhex("0000616200ff"), 2)
    [value] = pushed_body(event).values
    assert (value.logical_name, value.value, value.class_id, value.attribute) == ("0.0.97.98.0.255", 0x80, 1, 2)


@pytest.mark.parametrize("security", [0x10, 0x20, 0x30])
def test_a_ciphered_event_names_no_title_and_is_opened_as_the_meters_that_is_at_this_address(security):
    event = b"\xc2\x00\x00\x01\x00\x00\x61\x62\x00\xff\x02\x11\x05"
    [message] = received([protected(event, 0xCA, security, counter=3)])
    opened = open_notification(message.apdu, lambda title: keys(security) if title else None, assumed_title=TITLE)
    assert (opened.kind, opened.title, opened.counter, opened.body) == ("event", TITLE, 3, 5)


def test_messages_follow_each_other_in_one_connection_and_two_meters_send_their_blocks_in_turns():
    one, other = (pushed(notifier("wrapper", counter=n, server=n, pdu_bytes=100)) for n in (1, 2))
    between = [frame for pair in zip(one, other, strict=True) for frame in pair]
    messages = received([*between, *pushed(notifier("wrapper", server=3))])
    assert [message.source for message in messages] == [1, 2, 3]
    assert messages[0].apdu == messages[1].apdu
    assert messages[0].apdu[5:] == messages[2].apdu[5:]


def test_rows_of_a_profile_are_one_value_of_the_profile():
    row = b"\x02\x02\x09\x0c" + CLOCK + b"\x06\x00\x00\x00\x07"
    listed = "0102 0204 120028 0906 0000190900FF 0F02 120000 0204 120007 0906 0100630100FF 0F02 120000"
    body = b"\x02\x02" + bytes.fromhex(listed) + b"\x01\x03" + 3 * row
    [value] = pushed_body(told(notified(notifier(), body))).values
    assert (value.logical_name, value.class_id, value.value) == ("1.0.99.1.0.255", 7, 3 * [[CLOCK, 7]])


def test_the_setup_that_pushes_stays_out_of_what_it_pushes():
    assert push_setup().pushObjectList[0][0].objectType not in {
        value.class_id for value in pushed_body(told(pushed(notifier()))).values
    }
