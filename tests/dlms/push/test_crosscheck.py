"""An independent codec, dlms-cosem, takes the same frames, ciphered messages, times and bodies for the same."""

import pytest
from dlms_cosem import security
from dlms_cosem.dlms_data import DlmsDataParser
from dlms_cosem.hdlc.frames import UnnumberedInformationFrame
from dlms_cosem.protocol.wrappers import WrapperProtocolDataUnit
from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
from dlms_cosem.time import datetime_from_bytes

from bridge.demo.pushing import PushingMeter
from bridge.dlms.push import PushStream, open_notification
from tests.dlms.push.gurux_pushes import keys
from tests.dlms.push.pushed_frames import AIDON_HAN, GENERAL_GLO, GENERAL_GLO_KEY, KAMSTRUP_HAN


def plain(raw):
    """Return a value of dlms-cosem as ours."""
    if isinstance(raw, list):
        return [plain(part) for part in raw]
    raw = getattr(raw, "value", raw)
    return plain(raw) if isinstance(raw, list) else bytes(raw) if isinstance(raw, bytearray) else raw


def as_theirs(apdu):
    told = DataNotification.from_bytes(apdu)
    [body] = DlmsDataParser().parse(told.body)
    return told, plain(body)


def as_ours(data, known=None):
    [message] = PushStream().feed(data)
    return message, open_notification(message.apdu, lambda title: known)


@pytest.mark.parametrize("frame", [KAMSTRUP_HAN, AIDON_HAN], ids=["kamstrup", "aidon"])
def test_frames_of_customer_ports(frame):
    message, ours = as_ours(frame)
    theirs = UnnumberedInformationFrame.from_bytes(frame).payload
    assert theirs[3:] == message.apdu
    told, body = as_theirs(theirs[3:])
    assert ours.body == body
    assert ours.invoke_id == told.long_invoke_id_and_priority.long_invoke_id
    assert (datetime_from_bytes(ours.sent)[0] if ours.sent else None) == told.date_time


@pytest.mark.parametrize("body", ["list", "pairs", "values"])
@pytest.mark.parametrize("is_ciphered", [False, True])
def test_what_the_demo_meter_pushes_in_a_wrapper(body, is_ciphered):
    meter = PushingMeter(body=body, security="authenticated-encryption" if is_ciphered else "none")
    [frame] = meter.message(1_800_000_000.0)
    message, ours = as_ours(frame, keys())
    apdu = WrapperProtocolDataUnit.from_bytes(frame).data
    assert apdu == message.apdu
    if is_ciphered:
        apdu = deciphered(apdu, keys().encryption_key, keys().authentication_key)
    told, theirs = as_theirs(apdu)
    assert ours.body == theirs
    assert (ours.invoke_id, told.date_time) == (1, datetime_from_bytes(ours.sent)[0])


def test_a_ciphered_message_from_the_field():
    _, ours = as_ours(GENERAL_GLO, security_keys := keys_of(GENERAL_GLO_KEY))
    assert security_keys.suite == 0
    told, body = as_theirs(deciphered(GENERAL_GLO[8:], GENERAL_GLO_KEY, GENERAL_GLO_KEY))
    assert (ours.body, ours.invoke_id) == (body, told.long_invoke_id_and_priority.long_invoke_id)


def keys_of(key):
    known = keys()
    return type(known)(0x30, 0, key, key)


def deciphered(apdu, key, authentication_key):
    sealed = GeneralGlobalCipher.from_bytes(apdu)
    return security.decrypt(
        sealed.security_control,
        sealed.system_title,
        sealed.invocation_counter,
        key,
        sealed.ciphered_text,
        authentication_key,
    )
