"""What real meters pushed comes out as their makers' documents, and others' programs, say that it must."""

import pytest

from bridge.dlms.push import PushApdu, PushStream, names_in, open_notification, pushed_body
from bridge.dlms.push.opening import WrongKeyError
from bridge.dlms.security_keys import AUTHENTICATION, ENCRYPTION, SecurityKeys
from bridge.dlms.xdlms import Attribute
from tests.dlms.push.pushed_frames import (
    AIDON_HAN,
    GENERAL_GLO,
    GENERAL_GLO_KEY,
    KAIFA_KEY,
    KAIFA_MBUS,
    KAMSTRUP_HAN,
    LANDIS_GYR_E450,
    SMR5_ALARM,
    SMR5_NAME,
)

KAIFA = SecurityKeys(ENCRYPTION, 0, KAIFA_KEY, b"")
DUMMY = SecurityKeys(AUTHENTICATION | ENCRYPTION, 0, GENERAL_GLO_KEY, GENERAL_GLO_KEY)
SMR5_COLUMNS = ((1, "00002a0000ff", 2), (40, "0001190900ff", 1), (1, "0000616200ff", 2))
WRAPPED_ALARM = b"\x00\x01\x00\x02\x00\x01" + len(SMR5_ALARM).to_bytes(2) + SMR5_ALARM


def the_message(data, size=0):
    """Return the one message in ``data``, fed whole or in pieces of ``size`` octets."""
    stream, out = PushStream(), []
    for at in range(0, len(data), size or len(data)):
        out += stream.feed(data[at : at + (size or len(data))])
    assert not stream.is_partial
    assert stream.drop() == []
    [message] = out
    assert isinstance(message, PushApdu)
    return message


def told(data, keys=None):
    return open_notification(the_message(data).apdu, lambda title: keys)


def values(body):
    return {value.logical_name: value.value for value in body.values}


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64])
@pytest.mark.parametrize(
    ("data", "framing", "ends"),
    [
        (WRAPPED_ALARM, "wrapper", (2, 1)),
        (SMR5_ALARM, "bare", (0, 0)),
        (GENERAL_GLO, "wrapper", (1, 1)),
        (GENERAL_GLO[8:], "bare", (0, 0)),
        (b"".join(LANDIS_GYR_E450), "hdlc", (1, 0x67 << 7 | 0x7F)),
        (KAMSTRUP_HAN, "hdlc", (16, 21)),
        (AIDON_HAN, "hdlc", (4 << 7 | 65, 32)),
        (KAIFA_MBUS, "m-bus", (1, 103)),
    ],
    ids=["wrapper", "bare", "glo", "bare-glo", "blocks", "hdlc", "hdlc-two-octets", "m-bus"],
)
def test_a_message_is_found_in_every_framing_however_it_is_cut(data, framing, ends, size):
    message = the_message(data, size)
    assert (message.framing, (message.source, message.destination)) == (framing, ends)
    assert message == the_message(data)


def test_an_alarm_names_its_meter_and_the_push_setup_that_sent_it_and_its_value_by_their_order():
    alarm = told(WRAPPED_ALARM)
    assert (alarm.kind, alarm.invoke_id, alarm.sent, alarm.security, alarm.counter) == ("data", 1, b"", "none", None)
    body = pushed_body(alarm)
    assert body.setup == "0.1.25.9.0.255"
    assert body.unnamed == (SMR5_NAME, bytes.fromhex("0001190900ff"), 2)
    assert names_in(body) == (SMR5_NAME.decode(),)
    columns = [Attribute(class_id, bytes.fromhex(name), number) for class_id, name, number in SMR5_COLUMNS]
    body = pushed_body(alarm, columns)
    assert values(body)["0.0.97.98.0.255"] == 2
    assert (names_in(body), body.setup, body.unnamed) == ((SMR5_NAME.decode(),), "0.1.25.9.0.255", ())


def test_a_ciphered_message_opens_under_its_keys_and_says_title_and_counter():
    opened = told(GENERAL_GLO, DUMMY)
    assert opened.title.hex() == "2f19229199164103"
    assert (opened.counter, opened.security) == (0x1E5, "authenticated-encryption")
    assert pushed_body(opened).unnamed == (opened.body[0] if isinstance(opened.body, list) else opened.body,)


def test_an_object_list_in_blocks_names_each_value():
    body = pushed_body(told(b"".join(LANDIS_GYR_E450)))
    assert values(body) == {
        "0.8.25.9.0.255": bytes.fromhex("0008190900ff"),
        "0.0.96.1.0.255": b"56552773",
        "1.0.1.7.0.255": 71,
        "1.0.2.7.0.255": 0,
        "1.1.1.8.0.255": 214002,
        "1.1.2.8.0.255": 0,
        "1.1.5.8.0.255": 8349,
        "1.1.6.8.0.255": 0,
        "1.1.7.8.0.255": 0,
        "1.1.8.8.0.255": 106530,
        "1.0.31.7.0.255": 36,
        "1.0.51.7.0.255": 17,
        "1.0.71.7.0.255": 16,
    }
    assert names_in(body) == ("56552773",)
    assert {value.class_id for value in body.values} == {40, 1, 3}
    assert len(body.objects) == 14


def test_pairs_name_their_values_and_text_before_them_names_nothing():
    notification = told(KAMSTRUP_HAN)
    assert notification.sent.hex() == "07e6011801123a32ff800000"
    body = pushed_body(notification)
    assert len(body.values) == 12
    assert values(body)["1.1.1.7.0.255"] == 826
    assert values(body)["1.1.72.7.0.255"] == 236
    assert {value.scaler for value in body.values} == {None}
    assert names_in(body) == ("5706567326590407", "6841138BN245101090", "Kamstrup_V0001")


def test_name_value_scaler_and_unit_come_as_a_structure_each():
    [value] = pushed_body(told(AIDON_HAN)).values
    assert (value.logical_name, value.value, value.scaler, value.unit) == ("1.0.1.7.0.255", 7482, 0, 27)


def test_encryption_alone_opens_and_says_so():
    opened = told(KAIFA_MBUS, KAIFA)
    assert (opened.security, opened.counter) == ("encryption", 0x23)
    body = pushed_body(opened)
    voltage = next(value for value in body.values if value.logical_name == "1.0.32.7.0.255")
    assert (voltage.value, voltage.scaler, voltage.unit) == (2337, -1, 35)
    assert values(body)["1.0.1.8.0.255"] == 12937
    assert names_in(body) == ("181220000009",)


def test_encryption_alone_under_another_key_is_a_wrong_key():
    with pytest.raises(WrongKeyError, match="does not decipher"):
        told(KAIFA_MBUS, SecurityKeys(ENCRYPTION, 0, bytes(16), b""))
