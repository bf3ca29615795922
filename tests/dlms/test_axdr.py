"""A-XDR values are decoded as gurux decodes them; what is not known here goes to gurux."""

import pytest
from hypothesis import given

from bridge.dlms import axdr, xdlms
from bridge.dlms.axdr import Unexpected
from bridge.dlms.gurux import reference
from bridge.dlms.xdlms import ServiceRequest
from bridge.errors import DecodeError
from tests.dlms.encoded_values import agree, by_either, by_gurux, values


@given(values)
def test_every_value_is_decoded_as_gurux_decodes_it(data):
    assert agree(axdr.decode(data), by_gurux(data), data)


def test_bytes_left_over_go_to_gurux():
    data = bytes.fromhex("1234cf00")
    with pytest.raises(Unexpected):
        xdlms.answer(b"\xc4\x01\xc1\x00" + data, ServiceRequest(b"", b"", 1))
    assert reference(data) == 13519


@pytest.mark.parametrize("data", ["0a02c3bc", "0a03c30041", "0c02c3ff", "0c0241ff"])
def test_text_that_is_none_is_told_in_hex_as_gurux_tells_it(data):
    assert (
        axdr.decode(bytes.fromhex(data))
        == reference(bytes.fromhex(data))
        == data[4:].upper()[:2] + " " + " ".join(data[n : n + 2].upper() for n in range(6, len(data), 2))
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("1302021211 06 000102 000304", [[1, 2], [3, 4]]),
        ("1311 04 01020304", [1, 2, 3, 4]),
        ("130203110912 06 05 024142 0007", [[5, b"AB", 7]]),
        ("1302020202111111 06 010203 040506", [[[1, 2], 3], [[4, 5], 6]]),
        ("1309 06 024142 024344", [b"AB", b"CD"]),
        ("130a 06 024142 024344", ["AB", "CD"]),
        ("1303 02 0100", [True, False]),
    ],
)
def test_compact_arrays_are_decoded_as_gurux_decodes_them(data, expected):
    data = bytes.fromhex(data)
    assert axdr.decode(data) == expected
    assert reference(data) == expected
    assert axdr.decode(b"\x02\x02" + data + b"\x11\x07") == [expected, 7]  # and what follows is found


def test_arrays_within_a_compact_array_are_as_long_as_described():
    # gurux wraps them once more; the standard's structure has two octets and an array of two.
    assert axdr.decode(bytes.fromhex("1302021101000211 06 010203 040506")) == [[1, [2, 3]], [4, [5, 6]]]
    assert axdr.decode(bytes.fromhex("131100")) == []
    assert axdr.decode(b"\x13\x19\x0c" + bytes(range(12))) == [bytes(range(12))]  # of which gurux makes None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("1302021211 05 000102 0003", "cut short"),  # a row that is not whole: gurux leaves it out
        ("1300 01 00", "without octets"),
        ("1302 00 02 0000", "without octets"),
        ("13 01ffff 01ffff 00 02 0000", "too many"),
        ("13" + "0201" * 40 + "11 01 00", "too deep"),
        ("13 01", "cut short"),
        ("1311 05 01", "cut short"),
        ("1307 01 00", "type 7"),
    ],
)
def test_a_compact_array_that_lies_is_an_error_and_makes_nothing_large(data, why):
    with pytest.raises(DecodeError, match=why):
        axdr.decode(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["0d", "1234", "0a05c3", "0203110111", "07", "ee00"])
def test_what_gurux_cannot_decode_to_its_end_is_a_decode_error_and_no_none(data):
    with pytest.raises(DecodeError):
        by_either(b"\xc4\x01\xc1\x00" + bytes.fromhex(data))


def test_a_date_that_gurux_has_no_text_for_is_a_decode_error():
    date = b"\x19\x07\xea\x0b\x19\x03\x0c\x1e\x0f\xff\x70\x00\x00"  # twenty days east of Greenwich
    assert axdr.decode(date) == date[1:]
    with pytest.raises(DecodeError):
        by_either(b"\xc4\x01\xc1\x00" + date + b"\x00")  # bytes left over: gurux is asked


def test_data_that_is_nested_without_end_is_a_decode_error():
    with pytest.raises(DecodeError, match="deep"):
        axdr.decode(b"\x01\x01" * 500 + b"\x00")


def test_a_count_that_lies_makes_nothing_of_that_size():
    for data in (
        b"\x01\x84\xff\xff\xff\xff",
        b"\x02\x84\x7f\xff\xff\xff\x00",
        b"\x09\x84\xff\xff\xff\xff",
        b"\x04\x84\xff\xff\xff\xff",
    ):
        with pytest.raises(DecodeError):
            axdr.decode(data)


def test_a_text_that_is_padded_with_zeros_comes_without_them():
    assert axdr.decode(b"\x0a\x06ABC\0\0\0") == axdr.decode(b"\x0c\x05ABC\0\0") == "ABC"
    assert axdr.decode(b"\x09\x03AB\0") == b"AB\0"  # octets are what they are
