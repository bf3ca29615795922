"""What is tried, in which order."""

import pytest

from bridge.cli.probe.likely_addresses import (
    CLIENTS,
    HDLC_ADDRESSES,
    ServerAddress,
    from_serial,
    hdlc_address,
    pairs,
)
from bridge.cli.probe.usual_ports import USUAL_PORTS, usual_ports
from bridge.dlms.hdlc_frames import address as on_the_wire


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (ServerAddress(1, 1), "03"),
        (hdlc_address(1, 16, 2), "02 21"),
        (hdlc_address(1, 17, 2), "02 23"),
        (hdlc_address(1, 16, 4), "00 02 00 21"),
        (hdlc_address(1, 1145, 4), "00 02 10 F3"),
    ],
)
def test_upper_and_lower_addresses_stand_on_the_wire_as_the_standard_says(address, octets):
    assert on_the_wire(address.server, address.octets) == bytes.fromhex(octets)


def test_addresses_of_one_two_and_four_bytes_are_tried_the_likeliest_first():
    assert {address.octets for address in HDLC_ADDRESSES} == {1, 2, 4}
    assert HDLC_ADDRESSES[0] == ServerAddress(1, 1)
    assert len(set(HDLC_ADDRESSES)) == len(HDLC_ADDRESSES)


def test_the_public_client_comes_first_then_the_management_client():
    assert CLIENTS[:2] == (16, 1)
    assert set(CLIENTS) >= {1, 2, 3, 16, 17, 32, 48, 64, 100, 102}


def test_the_first_two_clients_are_tried_at_every_address_before_any_other_client():
    tried = list(pairs(HDLC_ADDRESSES, CLIENTS))
    assert tried[:2] == [(ServerAddress(1, 1), 16), (ServerAddress(1, 1), 1)]
    first = tried[: 2 * len(HDLC_ADDRESSES)]
    assert {client for _, client in first} == {16, 1}
    assert {address for address, _ in first} == set(HDLC_ADDRESSES)
    assert len(set(tried)) == len(tried)
    assert {client for _, client in tried} == set(CLIENTS)


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        ("35480145", hdlc_address(1, 1145, 4)),
        ("LGZ 100 0145", hdlc_address(1, 145, 4)),
        ("35480145", hdlc_address(1, 45, 2)),
        ("00009999", hdlc_address(0, 10999, 4)),
    ],
)
def test_a_serial_number_gives_the_addresses_that_makers_calculate_from_it(serial, expected):
    assert expected in from_serial(serial)


def test_a_serial_number_without_digits_gives_none():
    assert from_serial("ABC") == ()


def test_the_usual_ports_are_listed_once_each_with_a_reason():
    numbers = usual_ports()
    assert numbers[:4] == (4059, 3333, 4061, 8899)
    assert len(set(numbers)) == len(numbers)
    assert all(port.reason for port in USUAL_PORTS)
