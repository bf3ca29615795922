"""A session that is associated, and profiles of many registers."""

from bridge.demo import Faults
from bridge.dlms.association import MeterSession
from tests.meters.by_hand import converse, meter, server

VOLTAGE = {"key": "voltage_l1", "obis": "1-1:32.7.0"}


def many(number):
    """A profile of as many registers: the voltage over and over, under keys of its own."""
    return {"registers": [VOLTAGE | {"key": f"k{n}"} for n in range(number)]}


def associated(framing="hdlc", *, side=None, faults=None, **fields):
    side = side or server(framing, faults=Faults(faults) if faults else None)
    session = MeterSession(meter(framing, profile=fields))
    converse(session.associate(), side.answer)
    return session, side
