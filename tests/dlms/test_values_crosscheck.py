"""An independent codec, dlms-cosem, takes the same bytes for the same values, lists, frames and ciphered APDUs."""

import pytest
from dlms_cosem import enumerations, security
from dlms_cosem.dlms_data import DlmsDataParser
from dlms_cosem.hdlc.address import HdlcAddress
from dlms_cosem.hdlc.frames import InformationFrame, SetNormalResponseModeFrame, UnNumberedAcknowledgmentFrame
from dlms_cosem.protocol.wrappers import WrapperProtocolDataUnit
from dlms_cosem.protocol.xdlms.get import (
    GetRequestNormal,
    GetRequestWithList,
    GetResponseLastBlock,
    GetResponseNormal,
    GetResponseNormalWithError,
    GetResponseWithList,
)
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms import axdr, xdlms
from bridge.dlms.association import MeterSession
from bridge.dlms.xdlms import Attribute, ServiceRequest
from tests.dlms.ciphers import CLIENT, cipher
from tests.dlms.encoded_values import coded, count, octets, refusals, texts  # noqa: F401 - the same strategies
from tests.dlms.encoded_values import leaves as all_leaves
from tests.dlms.test_ciphering import AK, EK
from tests.meters.by_hand import GET_RESPONSE, SNRM, UA, converse, meter, server

KNOWN = frozenset((0, 1, 2, 3, 5, 6, 9, 10, 15, 16, 17, 18, 20, 21, 22))
"""The types that dlms-cosem 25.1 decodes; the others it hands back as bytes, or cannot."""

leaves = all_leaves.filter(lambda data: data[0] in KNOWN)
values = st.recursive(
    leaves,
    lambda inner: st.tuples(st.sampled_from((1, 2)), st.lists(inner, min_size=1, max_size=6)).map(
        lambda made: bytes((made[0],)) + count(len(made[1])) + b"".join(made[1])
    ),
    max_leaves=10,
)
results = st.one_of(values.map(lambda value: b"\x00" + value), refusals.map(lambda code: bytes((1, code))))


def theirs(data):
    return plain(DlmsDataParser().parse(data)[0].to_python())


def plain(value):
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return bytes(value) if isinstance(value, bytearray) else value


@given(values)
def test_values_are_the_same_to_both(data):
    assert axdr.decode(data) == theirs(data)


@given(values)
def test_an_answer_to_a_get_is_the_same_to_both(data):
    apdu = b"\xc4\x01\xc1\x00" + data
    [result] = xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    assert result == (theirs(GetResponseNormal.from_bytes(apdu).data), 0)


@given(refusals)
def test_a_refusal_is_the_same_to_both(code):
    apdu = bytes((0xC4, 1, 0xC1, 1, code))
    [result] = xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    assert result.refusal == GetResponseNormalWithError.from_bytes(apdu).error.value


@given(st.lists(results, min_size=1, max_size=8))
def test_an_answer_to_a_list_is_the_same_to_both(given_results):
    apdu = b"\xc4\x03\xc1" + count(len(given_results)) + b"".join(given_results)
    ours = xdlms.answer(apdu, ServiceRequest(b"", b"", len(given_results)))
    for one, other in zip(ours, GetResponseWithList.from_bytes(apdu).response_data, strict=True):
        if isinstance(other, enumerations.DataAccessResult):
            assert one == (None, other.value)
        else:
            assert one == (plain(other.to_python()), 0)


@given(st.binary(min_size=1, max_size=200), st.integers(1, 0xFFFFFFFF))
def test_the_last_block_is_the_same_to_both(data, number):
    apdu = b"\xc4\x02\xc1\x01" + number.to_bytes(4) + b"\x00" + count(len(data)) + data
    other = GetResponseLastBlock.from_bytes(apdu)
    assert xdlms.block(apdu) == (other.block_number, True, other.data)


def test_our_requests_mean_to_it_what_we_mean():
    wanted = [Attribute(3, bytes((1, 1, 32, 7, 0, 255)), 2), Attribute(8, bytes((0, 0, 1, 0, 0, 255)), 2)]
    one = GetRequestNormal.from_bytes(xdlms.get(wanted[0]).apdu(5))
    assert one.invoke_id_and_priority.invoke_id == 5
    assert one.invoke_id_and_priority.confirmed
    assert (one.cosem_attribute.interface, one.cosem_attribute.attribute) == (3, 2)
    assert one.cosem_attribute.instance.to_bytes() == wanted[0].logical_name
    many = GetRequestWithList.from_bytes(xdlms.get_list(wanted).apdu(6))
    named = [(each.interface, each.instance.to_bytes(), each.attribute) for each, _ in pairs(many)]
    assert named == [(each.class_id, each.logical_name, each.number) for each in wanted]


def pairs(request):
    return [(each.attribute, each.access_selection) for each in request.cosem_attributes_with_selection]


def test_the_frames_of_a_real_meter_are_the_same_to_both():
    frame = SetNormalResponseModeFrame(
        destination_address=HdlcAddress(1, None, "server"), source_address=HdlcAddress(1, None, "client")
    )
    assert frame.to_bytes() == SNRM
    assert UnNumberedAcknowledgmentFrame.from_bytes(UA).to_bytes() == UA
    answer = InformationFrame.from_bytes(GET_RESPONSE)
    assert (answer.send_sequence_number, answer.receive_sequence_number, answer.final) == (2, 3, True)
    assert xdlms.answer(answer.payload[3:], ServiceRequest(b"", b"", 1)) == [(0x3210, 0)]


def test_every_frame_of_a_read_is_taken_by_it_with_its_check_sequences():
    session, side = MeterSession(meter()), server()
    answers = []
    converse(session.associate(), side.answer)
    converse(session.read(), lambda request: answers.append(side.answer(request)) or answers[-1])
    for frame in answers:
        said = InformationFrame.from_bytes(frame)
        items = GetResponseWithList.from_bytes(said.payload[3:]).response_data
        assert [item.to_python() for item in items] == [13519, 1230, 5998, -156, 56348]


def test_every_wrapper_frame_of_a_read_is_taken_by_it():
    session, side = MeterSession(meter("wrapper")), server("wrapper")
    converse(session.associate(), side.answer)
    _, requests = converse(session.read(), side.answer)
    for frame in requests:
        said = WrapperProtocolDataUnit.from_bytes(frame)
        header = said.wrapper_header
        assert (header.source_wport, header.destination_wport, header.length) == (1, 1, len(frame) - 8)
        assert GetRequestWithList.from_bytes(said.data)


@pytest.mark.parametrize("size", [1, 13, 200])
def test_what_we_encrypt_it_decrypts_and_the_other_way_round(size):
    control = security.SecurityControlField(security_suite=0, authenticated=True, encrypted=True)
    apdu = b"\xc0" + bytes(size - 1)
    sent = cipher(first=77).protect(apdu)
    body = sent[-(size + 12) :]
    assert security.decrypt(control, CLIENT, 77, EK, body, AK) == apdu
    answer = b"\xc4" + bytes(size - 1)
    made = security.encrypt(control, CLIENT, 78, EK, answer, AK)
    one = cipher(peer=CLIENT)
    content = b"\x30" + (78).to_bytes(4) + made
    assert one.open(b"\xcc" + count(len(content)) + content) == answer
