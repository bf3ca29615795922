"""The bridge's client against gurux's own server, protocol and all: somebody else's reading of the standard."""

import pytest

from bridge.dlms.association import MeterSession
from bridge.errors import AuthError
from tests.fakes.gurux_meter import GuruxMeter
from tests.meters.by_hand import converse, fixed_load, meter

EXPECTED = [135.19, 1.23, 59.98, -156, 56348]


def read(session, side):
    converse(session.associate(), side.answer)
    for _ in range(3):
        readings, _ = converse(session.read(), side.answer)
    converse(session.release(), side.answer)
    return [reading.value for reading in readings]


@pytest.mark.parametrize(
    ("framing", "server", "octets", "client"),
    [
        ("hdlc", 1, 1, 1),
        ("hdlc", 17, None, 16),
        ("hdlc", 0x90, 2, 1),
        ("hdlc", 0x3FFF, 2, 100),
        ("hdlc", 0x4001, 4, 1),
        ("hdlc", 0x0ABCDEF, 4, 127),
        ("wrapper", 1, None, 1),
        ("wrapper", 0x1234, None, 0x2345),
    ],
)
def test_every_address_reaches_it(framing, server, octets, client):
    side = GuruxMeter(framing=framing, server=server, client=client, load=fixed_load)
    given = {"server": server, "client": client} | ({"server_address_bytes": octets} if octets else {})
    assert read(MeterSession(meter(framing, **given)), side) == EXPECTED


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("password", ["87654321", None])
def test_a_password_is_passed_and_so_is_none(framing, password):
    side = GuruxMeter(framing=framing, password=(password or "").encode(), load=fixed_load)
    authentication = "low" if password else "none"
    session = MeterSession(meter(framing, password=password, authentication=authentication))
    assert read(session, side) == EXPECTED


def test_a_password_that_it_does_not_know_is_refused():
    with pytest.raises(AuthError):
        converse(MeterSession(meter()).associate(), GuruxMeter(password=b"another").answer)
