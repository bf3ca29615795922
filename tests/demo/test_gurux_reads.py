"""gurux's own client reads the demo meter in every way that it can: the meter is right by somebody else's book."""

from datetime import UTC, datetime

import pytest
from gurux_dlms.enums import Security
from gurux_dlms.objects import (
    GXDLMSClock,
    GXDLMSDemandRegister,
    GXDLMSExtendedRegister,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)

from bridge.demo import PUBLIC_CLIENT, Client, Keys, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.demo.cosem import date_time
from bridge.demo.inventory import sample_of
from tests.demo.gurux_client import Reader

VOLTAGE = "1.1.32.7.0.255"
NOW_S = 1_800_000_000.0
SECURITIES = {
    "authentication": Security.AUTHENTICATION,
    "encryption": Security.ENCRYPTION,
    "authenticated-encryption": Security.AUTHENTICATION_ENCRYPTION,
}


def fixed_load(_):
    return {
        "1.1.32.7.0.255": 13519,
        "1.1.31.7.0.255": 1230,
        "1.1.14.7.0.255": 5998,
        "1.1.1.7.0.255": -156,
        "1.1.1.8.0.255": 56348,
    }


def meter(**arguments):
    return MeterServer(load=fixed_load, clock=lambda: NOW_S, **arguments)


@pytest.mark.parametrize(("size", "server"), [(1, 1), (1, 17), (2, 1 << 7 | 17), (4, 1 << 14 | 1001)])
def test_hdlc_addresses_of_one_two_and_four_bytes(size, server):
    reader = Reader(meter(server=server, server_address_bytes=size), server_address_bytes=size).associate()
    assert reader.register(VOLTAGE) == 13519
    assert reader.sent[0][3:].index(0x93) == size + 1


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("authentication", ["none", "low", "high", "md5", "sha1", "sha256", "gmac"])
def test_every_authentication(framing, authentication):
    secret = "" if authentication == "none" else "0123456789abcdef"
    side = meter(framing=framing, authentication=authentication, password=secret)
    reader = Reader(side, authentication=authentication, password=secret).associate()
    assert reader.register(VOLTAGE) == 13519
    assert side.memory.associations == 1


@pytest.mark.parametrize("authentication", ["low", "high", "md5", "sha1", "sha256", "gmac"])
def test_a_wrong_secret_is_refused_and_counted(authentication):
    side = meter(authentication=authentication, password="0123456789abcdef")
    reader = Reader(side, authentication=authentication, password="fedcba9876543210", key=bytes(16))
    with pytest.raises(Exception, match=r"Authentication|^3$"):
        reader.associate()
    assert (side.memory.wrong_secrets, side.memory.associations) == (1, 0)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_short_names(framing):
    side = meter(framing=framing, referencing="sn", max_pdu_bytes=200)
    reader = Reader(side, referencing="sn").associate()
    objects = reader.gurux.parseObjects(reader.ask(reader.gurux.getObjectsRequest()).data, True)
    base_names = {item.logicalName: item.shortName for item in objects}
    assert base_names["0.0.40.0.0.255"] & 0xFFFF == 0xFA00
    voltage = next(item for item in objects if item.logicalName == VOLTAGE)
    assert reader.get(voltage) == 13519
    assert bytes(reader.get(next(item for item in objects if item.logicalName == "0.0.42.0.0.255"))) == b"DEMO00000001"


@pytest.mark.parametrize("authentication", ["low", "md5", "gmac"])
@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize("general", [False, True])
def test_suite_0(authentication, security, general):
    keys = Keys(0, bytes(range(16)), bytes(range(16, 32)))
    side = meter(authentication=authentication, security=security, keys=keys, general_ciphering=general)
    reader = Reader(
        side,
        authentication=authentication,
        security=SECURITIES[security],
        key=keys.encryption_key,
        authentication_key=keys.authentication_key,
        counter=100,
    ).associate()
    assert reader.register(VOLTAGE) == 13519
    assert reader.data("0.0.42.0.0.255") == bytearray(b"DEMO00000001")
    assert reader.sent[-1][11] == (0xDB if general else 0xC8)


@pytest.mark.parametrize("suite", [1, 2])
def test_suites_1_and_2(suite):
    size = 32 if suite == 2 else 16
    keys = Keys(suite, bytes(range(size)), bytes(range(100, 100 + size)))
    side = meter(authentication="gmac", security="authenticated-encryption", keys=keys)
    reader = Reader(
        side,
        authentication="gmac",
        security=Security.AUTHENTICATION_ENCRYPTION,
        suite=suite,
        key=keys.encryption_key,
        authentication_key=keys.authentication_key,
    ).associate()
    assert reader.register(VOLTAGE) == 13519


@pytest.mark.parametrize(("general", "tag"), [(False, 0xD0), (True, 0xDC)])
def test_a_dedicated_key(general, tag):
    side = meter(security="authenticated-encryption", general_ciphering=general)
    reader = Reader(
        side,
        security=Security.AUTHENTICATION_ENCRYPTION,
        key=DEMO_ENCRYPTION_KEY,
        authentication_key=DEMO_AUTHENTICATION_KEY,
        dedicated_key=bytes(range(50, 66)),
    ).associate()
    assert reader.register(VOLTAGE) == 13519
    assert reader.sent[-1][11] == tag


@pytest.mark.parametrize("max_info", [128, 64, 1024])
def test_long_answers_come_in_segments_of_the_agreed_size(max_info):
    side = meter(max_info_bytes=max_info)
    reader = Reader(side, max_info=max_info).associate()
    objects = reader.gurux.parseObjects(reader.ask(reader.gurux.getObjectsRequest()).data, True)
    assert len(objects) == len(side.items) + 1


def test_a_small_pdu_makes_blocks():
    side = meter(max_pdu_bytes=100)
    reader = Reader(side).associate()
    objects = reader.gurux.parseObjects(reader.ask(reader.gurux.getObjectsRequest()).data, True)
    assert {item.logicalName for item in objects} >= {item.logicalName for item in side.items}
    assert sum(request[11:13] == b"\xc0\x02" for request in reader.sent if len(request) > 13) > 10


@pytest.mark.parametrize("max_pdu_bytes", [0xFFFF, 80])
def test_a_list_of_attributes(max_pdu_bytes):
    side = meter(max_pdu_bytes=max_pdu_bytes)
    reader = Reader(side).associate()
    items = [(GXDLMSRegister(obis), 2) for obis in side.registers]
    values = reader.ask([request for each in reader.gurux.readList(items) for request in each]).value
    assert values == [13519, 1230, 5998, -156, 56348]


def test_a_data_object_of_every_type():
    reader = Reader(meter()).associate()
    values = {tag: reader.data(sample_of(tag)) for tag in (0, 3, 5, 6, 15, 16, 17, 18, 20, 21, 22, 23, 24)}
    assert values == {
        0: None,
        3: True,
        5: -123456,
        6: 4294967295,
        15: -8,
        16: -1234,
        17: 200,
        18: 65535,
        20: -1234567890123,
        21: 18446744073709551615,
        22: 3,
        23: 1.5,
        24: -2.25,
    }
    assert list(reader.data(sample_of(1))) == [1, 2, 3]
    assert list(reader.data(sample_of(2))) == [7, "seven"]
    assert bytes(reader.data(sample_of(9))) == b"\x00\x7e\xff"
    assert reader.data(sample_of(10)) == "visible"
    assert str(reader.data(sample_of(4))) == "10100101010"
    assert reader.data(sample_of(25)).value == datetime.fromtimestamp(1_800_000_000, UTC)


def test_extended_and_demand_registers_and_the_clock():
    reader = Reader(meter()).associate()
    maximum, demand = GXDLMSExtendedRegister("1.1.1.6.0.255"), GXDLMSDemandRegister("1.1.1.4.0.255")
    assert reader.get(maximum) == -156
    assert [int(part) for part in reader.get(maximum, 3)] == [0, 27]
    assert [reader.get(demand, 2), reader.get(demand, 3), reader.get(demand, 8)] == [-156, -156, 3600]
    assert [int(part) for part in reader.get(demand, 4)] == [0, 27]
    assert bytes(reader.get(GXDLMSClock("0.0.1.0.0.255"))) == date_time(NOW_S)


def test_the_load_profile_by_range_and_by_entry():
    reader = Reader(meter()).associate()
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    reader.gurux.updateValue(profile, 3, reader.get(profile, 3))
    assert [(int(item.objectType), item.logicalName) for item, _ in profile.captureObjects] == [
        (8, "0.0.1.0.0.255"),
        (1, "0.0.96.10.1.255"),
        (3, "1.1.1.8.0.255"),
        (3, "1.1.1.7.0.255"),
    ]
    start = datetime.fromtimestamp(NOW_S - 3600, UTC)
    end = datetime.fromtimestamp(NOW_S, UTC)
    rows = reader.ask(reader.gurux.readRowsByRange(profile, start, end)).value
    assert [bytes(row[0]) for row in rows] == [date_time(NOW_S - 900 * back) for back in (4, 3, 2, 1, 0)]
    assert rows[-1][1:] == [0, 56348, -156]
    rows = reader.ask(reader.gurux.readRowsByEntry(profile, 1, 2)).value
    assert bytes(rows[0][0]) == date_time(NOW_S - 60 * 86400 + 900)
    assert len(reader.get(profile)) == 60 * 96


def test_the_public_client_sees_little_and_the_counter_among_it():
    clients = (PUBLIC_CLIENT, Client(1, "low", b"12345678", "authenticated-encryption"))
    memory = MeterMemory()
    side = meter(clients=clients, memory=memory)
    Reader(
        side,
        security=Security.AUTHENTICATION_ENCRYPTION,
        counter=4711,
        key=DEMO_ENCRYPTION_KEY,
        authentication_key=DEMO_AUTHENTICATION_KEY,
    ).associate()
    public = Reader(side, client=16, authentication="none", password="").associate()
    objects = public.gurux.parseObjects(public.ask(public.gurux.getObjectsRequest()).data, True)
    assert {item.logicalName for item in objects} == PUBLIC_CLIENT.sees
    assert public.data("0.0.43.1.0.255") == 4711
    with pytest.raises(PermissionError):
        public.register(VOLTAGE)


def test_releasing_and_disconnecting_ends_the_association():
    side = meter()
    reader = Reader(side).associate()
    reader.ask(reader.gurux.releaseRequest())
    with pytest.raises(Exception, match="not allowed"):
        reader.register(VOLTAGE)
    reader.gurux.settings.connected = 1
    reader.ask(reader.gurux.disconnectRequest())
    assert side.frames(reader.sent[-1])[0][5] == 0x1F  # DM: the link has ended as well
