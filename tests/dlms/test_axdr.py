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
        xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    assert reference(bytes.fromhex(data)) == expected


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
