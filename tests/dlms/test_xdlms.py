"""The prepared read path agrees with gurux: on every request byte for byte, on every answer that gurux can make."""

from contextlib import suppress

import pytest
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType
from gurux_dlms.objects import GXDLMSObject, GXDLMSRegister
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms import xdlms
from bridge.dlms.axdr import Unexpected
from bridge.dlms.xdlms import Attribute, Result, ServiceRequest
from bridge.errors import DecodeError
from tests.dlms.encoded_values import agree, by_gurux, count, gurux_reply, refusals, results, values


@given(values)
def test_every_answer_to_a_get_is_what_gurux_makes_of_it(data):
    apdu = b"\xc4\x01\xc1\x00" + data
    [result] = xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    assert result.refusal == 0
    assert agree(result.value, gurux_reply(apdu).value, data)


@given(refusals)
def test_every_refusal_of_a_get_is_guruxs(code):
    apdu = bytes((0xC4, 1, 0xC1, 1, code))
    assert xdlms.answer(apdu, ServiceRequest(b"", b"", 1)) == [Result(None, code)]
    assert int(gurux_reply(apdu).error) == code


# gurux 1.0.203 loses its place in a list behind null-data and empty arrays: such a list is none that it can decode.
somethings = values.filter(lambda data: data not in (b"\x00", b"\x01\x00", b"\x02\x00"))


@given(st.lists(somethings, min_size=2, max_size=8), st.booleans())
def test_every_answer_to_a_list_is_what_gurux_makes_of_it(given_values, logical_names):
    body = count(len(given_values)) + b"".join(b"\x00" + value for value in given_values)
    apdu = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + body
    ours = xdlms.answer(apdu, ServiceRequest(b"", b"" if logical_names else None, len(given_values)))
    theirs = gurux_reply(apdu).value
    assert len(ours) == len(theirs) == len(given_values)
    for one, other, data in zip(ours, theirs, given_values, strict=True):
        assert one.refusal == 0
        assert agree(one.value, other, data)


@given(st.lists(results, min_size=1, max_size=10), st.booleans())
def test_refused_items_of_a_list_are_told_apart_where_gurux_cannot(given_results, logical_names):
    apdu = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + count(len(given_results)) + b"".join(given_results)
    ours = xdlms.answer(apdu, ServiceRequest(b"", b"" if logical_names else None, len(given_results)))
    for one, data in zip(ours, given_results, strict=True):
        if data[0]:
            assert one == (None, data[1])
        else:
            assert agree(one.value, by_gurux(data[1:]), data[1:])


@given(st.lists(results, min_size=1, max_size=6), st.integers(1, 40), st.booleans())
def test_blocks_of_any_size_hold_what_one_answer_would(given_results, size, logical_names):
    request = ServiceRequest(
        b"\xc0\x03" if logical_names else b"\x05", b"" if logical_names else None, len(given_results)
    )
    joined = count(len(given_results)) + b"".join(given_results)
    parts = [joined[at : at + size] for at in range(0, len(joined), size)]
    taken = []
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        if logical_names:
            apdu = bytes((0xC4, 2, 0xC1, last)) + number.to_bytes(4) + b"\x00" + count(len(part)) + part
        else:
            apdu = bytes((0x0C, 1, 2, last)) + number.to_bytes(2) + count(len(part)) + part
        assert xdlms.is_block(apdu)
        block = xdlms.block(apdu)
        assert (block.number, block.is_last) == (number, last)
        taken.append(block.data)
    whole = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + joined
    assert xdlms.from_blocks(b"".join(taken), request, is_list=True) == xdlms.answer(whole, request) or "nan" in str(
        xdlms.answer(whole, request)
    )


@given(st.data())
def test_no_answer_that_is_cut_short_is_taken(data):
    given_results = data.draw(st.lists(results, min_size=1, max_size=4))
    apdu = b"\xc4\x03\xc1" + count(len(given_results)) + b"".join(given_results)
    at = data.draw(st.integers(0, len(apdu) - 1))
    with pytest.raises(DecodeError):
        xdlms.answer(apdu[:at], ServiceRequest(b"", b"", len(given_results)))


@given(
    st.binary(max_size=80),
    st.sampled_from((b"", b"\xc4\x01\xc1\x00", b"\xc4\x03\xc1\x02", b"\x0c\x01\x00", b"\xc4\x02\xc1\x00")),
)
def test_whatever_bytes_come_only_the_two_errors_come_out(noise, head):
    for request in (ServiceRequest(b"", b"", 1), ServiceRequest(b"", b"", 2), ServiceRequest(b"", None, 1)):
        for step in (lambda r=request: xdlms.answer(head + noise, r), lambda: xdlms.block(head + noise)):
            with suppress(DecodeError, Unexpected):
                step()


@given(st.binary(max_size=60))
def test_what_prepared_takes_of_random_bytes_gurux_takes_for_the_same(noise):
    apdu = b"\xc4\x01\xc1\x00" + noise
    try:
        [result] = xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    except (DecodeError, Unexpected):
        return
    try:
        theirs = gurux_reply(apdu).value
    except Exception:  # noqa: BLE001 - gurux raises what it happens to: a date that no calendar has
        return
    # gurux takes two decimal digits (BCD) for a binary number
    assert noise[:1] == b"\xff" or b"\x0d" in noise or agree(result.value, theirs, noise)


def test_a_refusal_without_a_reason_is_a_refusal():
    assert xdlms.answer(b"\xc4\x01\xc1\x01\x00", ServiceRequest(b"", b"", 1)) == [Result(None, 250)]
    assert xdlms.block(b"\xc4\x02\xc1\x01\x00\x00\x00\x01\x01\x00") == Result(None, 250)


def test_an_answer_to_another_question_is_a_decode_error():
    one, two, read = ServiceRequest(b"", b"", 1), ServiceRequest(b"", b"", 2), ServiceRequest(b"", None, 1)
    for apdu, request in (
        (b"\x0c\x01\x00\x11\x05", one),  # a READ response
        (b"\xc4\x01\xc1\x00\x01\x02\x11\x05\x11\x06", two),  # one value, that happens to be an array of two
        (b"\xc4\x03\xc1\x01\x00\x11\x05", two),
        (b"\xc4\x03\xc1\x03\x00\x11\x05\x00\x11\x05\x00\x11\x05", two),
        (b"\xc4\x01\xc1\x02\x05", one),
        (b"\xc5\x01\xc1\x00", one),
        (b"", one),
        (b"\x0c\x02\x00\x11\x05\x00\x11\x05", read),
    ):
        with pytest.raises(DecodeError):
            xdlms.answer(apdu, request)


def gurux_client(*, logical_names=True):
    client = GXDLMSClient(logical_names, 1, 1, Authentication.NONE, None, InterfaceType.PDU)
    client.settings.negotiatedConformance = client.negotiatedConformance = (
        Conformance.MULTIPLE_REFERENCES | Conformance.GET
    )
    client.settings.maxPduSize = 0xFFFF
    return client


names = st.tuples(*[st.integers(0, 255)] * 6)


attributes = st.tuples(st.integers(1, 200), names, st.integers(1, 20))


@given(attributes, st.integers(0, 15))
def test_a_get_is_guruxs_byte_for_byte(wanted, invoke_id):
    class_id, name, number = wanted
    client = gurux_client()
    item = GXDLMSObject(class_id, ".".join(map(str, name)))
    [theirs] = client.read(item, number)
    ours = xdlms.get(Attribute(class_id, bytes(name), number)).apdu(invoke_id)
    assert ours[:2] + ours[3:] == bytes(theirs)[:2] + bytes(theirs)[3:]
    assert ours[2] & 0x4F == invoke_id | 0x40  # confirmed; the priority is ours to choose


@given(st.lists(attributes, min_size=2, max_size=10))
def test_a_get_with_list_is_guruxs_byte_for_byte(wanted):
    client = gurux_client()
    items = [(GXDLMSObject(class_id, ".".join(map(str, name))), number) for class_id, name, number in wanted]
    [[theirs]] = client.readList(items)
    ours = xdlms.get_list([Attribute(class_id, bytes(name), number) for class_id, name, number in wanted]).apdu(1)
    assert ours[:2] + ours[3:] == bytes(theirs)[:2] + bytes(theirs)[3:]


@given(st.lists(st.tuples(st.integers(1, 0x1FF0).map(lambda n: n * 8), st.integers(1, 6)), min_size=1, max_size=10))
def test_a_read_by_short_names_is_guruxs_byte_for_byte(wanted):
    client = gurux_client(logical_names=False)
    items = []
    for base, number in wanted:
        item = GXDLMSRegister("1.1.1.8.0.255", base)
        items.append((item, number))
    [theirs] = client.readList(items)[0] if len(items) > 1 else client.read(*items[0])
    ours = xdlms.read([base + 8 * (number - 1) & 0xFFFF for base, number in wanted])
    assert ours.apdu(0) == bytes(theirs)


def test_the_next_block_is_asked_for_as_gurux_asks():
    client, reply = gurux_client(), GXReplyData()
    client.read(GXDLMSRegister("1.1.1.8.0.255"), 2)
    client.getData(GXByteBuffer(bytes.fromhex("c402c100000000010003090a01")), reply, None)
    theirs = bytes(client.receiverReady(reply))
    ours = xdlms.get_next(1).apdu(1)
    assert ours[:2] + ours[3:] == theirs[:2] + theirs[3:]
    assert xdlms.get_next(0x01020304).apdu(5) == bytes.fromhex("c002c501020304")
    assert xdlms.read_next(0x0102).apdu(0) == bytes.fromhex("0501050102")
