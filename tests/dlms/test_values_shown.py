"""Values that were shown badly: types that look like others, and what stands within structures."""

import json

import pytest

from bridge.dlms.cosem_types import Bits, Enum
from bridge.dlms.gurux import reference
from bridge.dlms.values import interpret, scalar
from bridge.dlms.xdlms import ServiceRequest, answer

WHEN = "07EA0B19030A1E00008000 00".replace(" ", "")  # 2026-11-25 10:30, deviation left open


def result(data):
    [found] = answer(b"\xc4\x01\xc1\x00" + bytes.fromhex(data), ServiceRequest(b"", b"", 1))
    return found.value


def shown(data, class_id=1, attribute=2):
    return interpret(result(data), class_id=class_id, attribute=attribute)


def test_a_bit_string_cannot_be_taken_for_a_number():
    assert isinstance(result("040BA540"), Bits)
    assert shown("040BA540") == ("0b10100101010", "")
    assert shown("0202040480 1103".replace(" ", "")) == ('["0b1000",3]', "")


def test_an_enum_is_known_for_one_and_a_number_all_the_same():
    value = result("1603")
    assert (value, type(value)) == (3, Enum)
    assert type(scalar(value)) is int
    assert type(shown("1603")[0]) is int


@pytest.mark.parametrize(("data", "expected"), [("0D42", 42), ("0D09", 9), ("0DA1", "A1")])
def test_bcd_is_decimal(data, expected):
    assert shown(data) == (expected, "")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("1A07EA0B1903", "2026-11-25"),
        ("1B0A1E0000", "10:30:00"),
        ("19" + WHEN, "2026-11-25T10:30:00"),
        ("1AFFFF0B19FF", "--11-25"),
        ("19FFFF0B19FF0A1EFFFF800000", "--11-25T10:30"),
    ],
)
def test_date_and_time_are_dates_and_times(data, expected):
    assert shown(data)[0] == expected


@pytest.mark.parametrize("depth", range(4))
def test_a_clock_is_a_time_however_deep_it_stands(depth):
    for clock in (f"090C{WHEN}", f"19{WHEN}"):
        value, _ = shown("0201" * depth + clock)
        for _ in range(depth):
            [value] = json.loads(value) if isinstance(value, str) else value
        assert value == "2026-11-25T10:30:00"


def test_what_gurux_decodes_within_a_structure_has_its_times_too():
    value = reference(bytes.fromhex("0202" + f"19{WHEN}" + "130202121106000102000304"))
    assert json.loads(str(scalar(value)))[0].startswith("2026-11-25T10:30")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("01000108 00FF".replace(" ", ""), "1-0:1.8.0"),
        ("0000636200FF", "0-0:99.98.0"),
        ("0100010800 01".replace(" ", ""), "1-0:1.8.0*1"),
        ("303132333435", "012345"),  # text
        ("000000000000", "000000000000"),
        ("A0B1C2D3E4F5", "A0B1C2D3E4F5"),  # a MAC address
    ],
)
def test_an_obis_code_in_a_structure_is_one(octets, expected):
    assert json.loads(shown(f"02020906{octets}1101")[0]) == [expected, 1]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("FFFFFF01FF000000FF800000", "---01T00:00:00"),
        ("FFFFFFFFFF0A1E00FF800000", "10:30:00"),
        ("07EAFFFFFF000000FF8000FF", "2026T00:00:00"),
        ("FFFFFFFFFFFFFFFFFF8000FF", "unset"),
        ("FF01FF02FF03FF04FF05FF06", "FF01FF02FF03FF04FF05FF06"),  # is none
    ],
)
def test_a_date_time_with_open_fields_in_a_structure_is_one(octets, expected):
    assert json.loads(shown(f"0201090C{octets}")[0]) == [expected]


@pytest.mark.parametrize(
    ("data", "class_id", "attribute", "expected"),
    [
        ("06C0A8017F", 42, 3, "192.168.1.127"),
        ("06FFFFFF00", 42, 6, "255.255.255.0"),
        ("010206E0000001 06E0000002".replace(" ", ""), 42, 4, '["224.0.0.1","224.0.0.2"]'),
        ("0904C0A80101", 42, 7, "192.168.1.1"),
        ("0101091020010DB8000000000000000000000001", 48, 4, '["2001:db8::1"]'),
        ("06C0A8017F", 3, 2, 3232235903),  # elsewhere it is a number
    ],
)
def test_an_ip_address_is_one_where_one_stands(data, class_id, attribute, expected):
    assert shown(data, class_id, attribute) == (expected, "")
