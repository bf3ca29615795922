"""The prepared read path agrees with gurux: on every request byte for byte, on every answer that gurux can make."""

import math
import re
import struct
from contextlib import suppress

import pytest
from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSObject, GXDLMSRegister
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DecodeError
from bridge.meters import prepared
from bridge.meters.prepared import Attribute, Request, Result, Unexpected
from bridge.meters.session_gurux import reference

# Values, encoded by gurux; structures and arrays put together by hand, for gurux guesses the types of their elements.


def coded(kind, value):
    buffer = GXByteBuffer()
    _GXCommon.setData(None, buffer, kind, value)
    return bytes(buffer.array())


def integers(kind, bits, *, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(low, high).map(lambda value: coded(kind, value))


def count(number):
    buffer = GXByteBuffer()
    _GXCommon.setObjectCount(number, buffer)
    return bytes(buffer.array())


octets = st.binary(max_size=300)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
leaves = st.one_of(
    st.just(b"\x00"),
    st.booleans().map(lambda value: coded(DataType.BOOLEAN, value)),
    integers(DataType.INT8, 8, signed=True),
    integers(DataType.INT16, 16, signed=True),
    integers(DataType.INT32, 32, signed=True),
    integers(DataType.INT64, 64, signed=True),
    integers(DataType.UINT8, 8, signed=False),
    integers(DataType.UINT16, 16, signed=False),
    integers(DataType.UINT32, 32, signed=False),
    integers(DataType.UINT64, 64, signed=False),
    integers(DataType.ENUM, 8, signed=False),
    st.floats(width=32).map(lambda value: coded(DataType.FLOAT32, value)),
    st.floats().map(lambda value: coded(DataType.FLOAT64, value)),
    octets.map(lambda value: coded(DataType.OCTET_STRING, value)),
    texts.map(lambda value: coded(DataType.STRING, value)),
    st.text(max_size=60).map(lambda value: coded(DataType.STRING_UTF8, value)),
    st.text("01", max_size=100).map(lambda value: coded(DataType.BITSTRING, value)),
    st.datetimes().map(lambda value: coded(DataType.DATETIME, GXDateTime(value))),
    st.datetimes().map(lambda value: coded(DataType.DATE, GXDateTime(value))),
    st.datetimes().map(lambda value: coded(DataType.TIME, GXDateTime(value))),
)
values = st.recursive(
    leaves,
    lambda inner: st.tuples(st.sampled_from((1, 2)), st.lists(inner, max_size=6)).map(
        lambda made: bytes((made[0],)) + count(len(made[1])) + b"".join(made[1])
    ),
    max_leaves=12,
)
refusals = st.sampled_from((1, 2, 3, 4, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 250))
results = st.one_of(values.map(lambda value: b"\x00" + value), refusals.map(lambda code: bytes((1, code))))


def by_gurux(data):
    """Return the value as gurux decodes it."""
    return _GXCommon.getData(GXDLMSSettings(False, None), GXByteBuffer(data), _GXDataInfo())


def agree(ours, theirs, data):
    """Return whether a value of ours is gurux's; ``data``: the encoded value, whose tag says what is compared how."""
    tag = data[0]
    if tag in (1, 2):
        parts = list(elements(data))
        if not parts:
            return ours == [] and not theirs  # gurux makes None of an empty array that comes by itself
        return len(ours) == len(theirs) == len(parts) and all(map(agree, ours, theirs, parts))
    return COMPARED.get(tag, same)(ours, theirs, data)


def same(ours, theirs, _):
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def same_bits(form):
    def compare(ours, theirs, _):
        return struct.pack(form, ours) == struct.pack(form, theirs) or (math.isnan(ours) and math.isnan(theirs))

    return compare


def same_text(ours, theirs, _):
    """gurux shows text that is not printable ASCII as hex; ours is the text. Zeros that pad it are none of it."""
    return (
        ours in (theirs, bytes.fromhex(theirs).decode(errors="replace").rstrip("\0"))
        if HEX.fullmatch(theirs)
        else ours == theirs
    )


def same_date(ours, theirs, data):
    """Ours stay octets; gurux makes the same date of them."""
    return str(by_gurux(data[:1] + ours)) == str(theirs)


HEX = re.compile("(?:[0-9A-F]{2} )*[0-9A-F]{2}")
COMPARED = {
    0x04: lambda ours, theirs, _: ours == str(theirs),
    0x09: lambda ours, theirs, _: isinstance(ours, bytes) and ours == bytes(theirs),
    0x0A: same_text,
    0x0C: same_text,
    0x17: same_bits(">f"),  # the shortest decimal that stands for it, where gurux shows binary noise
    0x18: same_bits(">d"),
    0x19: same_date,
    0x1A: same_date,
    0x1B: same_date,
}


def elements(data):
    """Yield the encoded elements of an array or structure."""
    number, at = prepared._count(data, 1)
    for _ in range(number):
        _, end = prepared._data(data, at, 1)
        yield data[at:end]
        at = end


@given(values)
def test_every_value_is_decoded_as_gurux_decodes_it(data):
    assert agree(prepared.decode(data), by_gurux(data), data)


@given(values)
def test_every_answer_to_a_get_is_what_gurux_makes_of_it(data):
    apdu = b"\xc4\x01\xc1\x00" + data
    [result] = prepared.answer(apdu, Request(b"", b"", 1))
    assert result.refusal == 0
    assert agree(result.value, gurux_reply(apdu).value, data)


def gurux_reply(apdu):
    client = GXDLMSClient(apdu[0] == 0xC4, 1, 1, Authentication.NONE, None, InterfaceType.PDU)
    reply = GXReplyData()
    client.getData(GXByteBuffer(apdu), reply, None)
    return reply


@given(refusals)
def test_every_refusal_of_a_get_is_guruxs(code):
    apdu = bytes((0xC4, 1, 0xC1, 1, code))
    assert prepared.answer(apdu, Request(b"", b"", 1)) == [Result(None, code)]
    assert int(gurux_reply(apdu).error) == code


# gurux 1.0.203 loses its place in a list behind null-data and empty arrays: such a list is none that it can decode.
somethings = values.filter(lambda data: data not in (b"\x00", b"\x01\x00", b"\x02\x00"))


@given(st.lists(somethings, min_size=2, max_size=8), st.booleans())
def test_every_answer_to_a_list_is_what_gurux_makes_of_it(given_values, logical_names):
    body = count(len(given_values)) + b"".join(b"\x00" + value for value in given_values)
    apdu = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + body
    ours = prepared.answer(apdu, Request(b"", b"" if logical_names else None, len(given_values)))
    theirs = gurux_reply(apdu).value
    assert len(ours) == len(theirs) == len(given_values)
    for one, other, data in zip(ours, theirs, given_values, strict=True):
        assert one.refusal == 0
        assert agree(one.value, other, data)


@given(st.lists(results, min_size=1, max_size=10), st.booleans())
def test_refused_items_of_a_list_are_told_apart_where_gurux_cannot(given_results, logical_names):
    apdu = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + count(len(given_results)) + b"".join(given_results)
    ours = prepared.answer(apdu, Request(b"", b"" if logical_names else None, len(given_results)))
    for one, data in zip(ours, given_results, strict=True):
        if data[0]:
            assert one == (None, data[1])
        else:
            assert agree(one.value, by_gurux(data[1:]), data[1:])


@given(st.lists(results, min_size=1, max_size=6), st.integers(1, 40), st.booleans())
def test_blocks_of_any_size_hold_what_one_answer_would(given_results, size, logical_names):
    request = Request(b"\xc0\x03" if logical_names else b"\x05", b"" if logical_names else None, len(given_results))
    joined = count(len(given_results)) + b"".join(given_results)
    parts = [joined[at : at + size] for at in range(0, len(joined), size)]
    taken = []
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        if logical_names:
            apdu = bytes((0xC4, 2, 0xC1, last)) + number.to_bytes(4) + b"\x00" + count(len(part)) + part
        else:
            apdu = bytes((0x0C, 1, 2, last)) + number.to_bytes(2) + count(len(part)) + part
        assert prepared.is_block(apdu)
        block = prepared.block(apdu)
        assert (block.number, block.is_last) == (number, last)
        taken.append(block.data)
    whole = (b"\xc4\x03\xc1" if logical_names else b"\x0c") + joined
    assert prepared.from_blocks(b"".join(taken), request, is_list=True) == prepared.answer(
        whole, request
    ) or "nan" in str(prepared.answer(whole, request))


@given(st.data())
def test_no_answer_that_is_cut_short_is_taken(data):
    given_results = data.draw(st.lists(results, min_size=1, max_size=4))
    apdu = b"\xc4\x03\xc1" + count(len(given_results)) + b"".join(given_results)
    at = data.draw(st.integers(0, len(apdu) - 1))
    with pytest.raises(DecodeError):
        prepared.answer(apdu[:at], Request(b"", b"", len(given_results)))


@given(
    st.binary(max_size=80),
    st.sampled_from((b"", b"\xc4\x01\xc1\x00", b"\xc4\x03\xc1\x02", b"\x0c\x01\x00", b"\xc4\x02\xc1\x00")),
)
def test_whatever_bytes_come_only_the_two_errors_come_out(noise, head):
    for request in (Request(b"", b"", 1), Request(b"", b"", 2), Request(b"", None, 1)):
        for step in (lambda r=request: prepared.answer(head + noise, r), lambda: prepared.block(head + noise)):
            with suppress(DecodeError, Unexpected):
                step()


@given(st.binary(max_size=60))
def test_what_prepared_takes_of_random_bytes_gurux_takes_for_the_same(noise):
    apdu = b"\xc4\x01\xc1\x00" + noise
    try:
        [result] = prepared.answer(apdu, Request(b"", b"", 1))
    except (DecodeError, Unexpected):
        return
    try:
        theirs = gurux_reply(apdu).value
    except Exception:  # noqa: BLE001 - gurux raises what it happens to: a date that no calendar has
        return
    # gurux takes two decimal digits (BCD) for a binary number
    assert noise[:1] == b"\xff" or b"\x0d" in noise or agree(result.value, theirs, noise)


# What is not known here goes to gurux.


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("130202121106 000102000304", [[1, 2], [3, 4]]),  # compact array of structures
        ("0a02c3bc", "C3 BC"),  # a visible string that is none
        ("1234cf00", 13519),  # bytes left over
    ],
)
def test_rare_types_go_to_gurux(data, expected):
    apdu = b"\xc4\x01\xc1\x00" + bytes.fromhex(data)
    with pytest.raises(Unexpected):
        prepared.answer(apdu, Request(b"", b"", 1))
    assert reference(bytes.fromhex(data)) == expected


def by_either(apdu):
    try:
        return prepared.answer(apdu, Request(b"", b"", 1))
    except Unexpected:
        return reference(apdu[4:])


@pytest.mark.parametrize("data", ["0d", "1234", "0a05c3", "0203110111", "07", "ee00"])
def test_what_gurux_cannot_decode_to_its_end_is_a_decode_error_and_no_none(data):
    with pytest.raises(DecodeError):
        by_either(b"\xc4\x01\xc1\x00" + bytes.fromhex(data))


def test_a_date_that_gurux_has_no_text_for_is_a_decode_error():
    date = b"\x19\x07\xea\x0b\x19\x03\x0c\x1e\x0f\xff\x70\x00\x00"  # twenty days east of Greenwich
    assert prepared.decode(date) == date[1:]
    with pytest.raises(DecodeError):
        by_either(b"\xc4\x01\xc1\x00" + date + b"\x00")  # bytes left over: gurux is asked


def test_data_that_is_nested_without_end_is_a_decode_error():
    with pytest.raises(DecodeError, match="deep"):
        prepared.decode(b"\x01\x01" * 500 + b"\x00")


def test_a_count_that_lies_makes_nothing_of_that_size():
    for data in (
        b"\x01\x84\xff\xff\xff\xff",
        b"\x02\x84\x7f\xff\xff\xff\x00",
        b"\x09\x84\xff\xff\xff\xff",
        b"\x04\x84\xff\xff\xff\xff",
    ):
        with pytest.raises(DecodeError):
            prepared.decode(data)


def test_a_text_that_is_padded_with_zeros_comes_without_them():
    assert prepared.decode(b"\x0a\x06ABC\0\0\0") == prepared.decode(b"\x0c\x05ABC\0\0") == "ABC"
    assert prepared.decode(b"\x09\x03AB\0") == b"AB\0"  # octets are what they are


def test_a_refusal_without_a_reason_is_a_refusal():
    assert prepared.answer(b"\xc4\x01\xc1\x01\x00", Request(b"", b"", 1)) == [Result(None, 250)]
    assert prepared.block(b"\xc4\x02\xc1\x01\x00\x00\x00\x01\x01\x00") == Result(None, 250)


def test_an_answer_to_another_question_is_a_decode_error():
    one, two, read = Request(b"", b"", 1), Request(b"", b"", 2), Request(b"", None, 1)
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
            prepared.answer(apdu, request)


# Requests, byte for byte gurux's.


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
    ours = prepared.get(Attribute(class_id, bytes(name), number)).apdu(invoke_id)
    assert ours[:2] + ours[3:] == bytes(theirs)[:2] + bytes(theirs)[3:]
    assert ours[2] & 0x4F == invoke_id | 0x40  # confirmed; the priority is ours to choose


@given(st.lists(attributes, min_size=2, max_size=10))
def test_a_get_with_list_is_guruxs_byte_for_byte(wanted):
    client = gurux_client()
    items = [(GXDLMSObject(class_id, ".".join(map(str, name))), number) for class_id, name, number in wanted]
    [[theirs]] = client.readList(items)
    ours = prepared.get_list([Attribute(class_id, bytes(name), number) for class_id, name, number in wanted]).apdu(1)
    assert ours[:2] + ours[3:] == bytes(theirs)[:2] + bytes(theirs)[3:]


@given(st.lists(st.tuples(st.integers(1, 0x1FF0).map(lambda n: n * 8), st.integers(1, 6)), min_size=1, max_size=10))
def test_a_read_by_short_names_is_guruxs_byte_for_byte(wanted):
    client = gurux_client(logical_names=False)
    items = []
    for base, number in wanted:
        item = GXDLMSRegister("1.1.1.8.0.255", base)
        items.append((item, number))
    [theirs] = client.readList(items)[0] if len(items) > 1 else client.read(*items[0])
    ours = prepared.read([base + 8 * (number - 1) & 0xFFFF for base, number in wanted])
    assert ours.apdu(0) == bytes(theirs)


def test_the_next_block_is_asked_for_as_gurux_asks():
    client, reply = gurux_client(), GXReplyData()
    client.read(GXDLMSRegister("1.1.1.8.0.255"), 2)
    client.getData(GXByteBuffer(bytes.fromhex("c402c100000000010003090a01")), reply, None)
    theirs = bytes(client.receiverReady(reply))
    ours = prepared.get_next(1).apdu(1)
    assert ours[:2] + ours[3:] == theirs[:2] + theirs[3:]
    assert prepared.get_next(0x01020304).apdu(5) == bytes.fromhex("c002c501020304")
    assert prepared.read_next(0x0102).apdu(0) == bytes.fromhex("0501050102")
