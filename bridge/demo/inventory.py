"""Which COSEM objects the demo meter has: what a technician finds in a real one, and one Data object per COSEM type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gurux_dlms.enums import DataType, Unit
from gurux_dlms.objects import (
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDemandRegister,
    GXDLMSExtendedRegister,
    GXDLMSSapAssignment,
    GXDLMSSecuritySetup,
)

from bridge.demo.cosem import DemoRegister, array, date_time, scaler_unit, structure, typed, with_attributes
from bridge.demo.event_log import EVENT_CODE, EventLog
from bridge.demo.load_profile import LoadProfile
from bridge.demo.recorded_profile import UNIX_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from gurux_dlms import GXDateTime

    from bridge.demo.faults import Faults
    from bridge.demo.load import Kind, Load
    from bridge.demo.meter_time import MeterTime
    from bridge.demo.past import Past

DEMO_SERIAL = "DEMO00000001"
"""The logical device name; its first three letters are the manufacturer's FLAG id (IEC 62056-6-2)."""

COUNTER = "0.0.43.1.0.255"
NAME = "0.0.42.0.0.255"
CLOCK = "0.0.1.0.0.255"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the meter says about itself."""

    logical_device_name: str = DEMO_SERIAL
    serial_number: str = "00000001"
    firmware: str = "DEMO-1.0"
    system_title: bytes = b"DEM\x00\x00\x00\x00\x01"


_HOUR_S = 3600
_SAMPLES: dict[int, bytes] = {
    0: b"\x00",
    1: array([typed(DataType.UINT16, n) for n in (1, 2, 3)]),
    2: structure(typed(DataType.UINT8, 7), typed(DataType.STRING, "seven")),
    3: typed(DataType.BOOLEAN, True),
    4: b"\x04\x0b\xa5\x40",  # bit-string of eleven bits: 10100101 010
    5: typed(DataType.INT32, -123456),
    6: typed(DataType.UINT32, 4294967295),
    9: typed(DataType.OCTET_STRING, b"\x00\x7e\xff"),
    10: typed(DataType.STRING, "visible"),
    12: b"\x0c\x05" + "Süd!".encode(),
    13: b"\x0d\x42",  # bcd
    15: typed(DataType.INT8, -8),
    16: b"\x10" + (-1234).to_bytes(2, signed=True),
    17: typed(DataType.UINT8, 200),
    18: typed(DataType.UINT16, 65535),
    19: bytes.fromhex("130202121106000102000304"),  # compact array of two structures
    20: b"\x14" + (-1234567890123).to_bytes(8, signed=True),
    21: typed(DataType.UINT64, 18446744073709551615),
    22: typed(DataType.ENUM, 3),
    23: typed(DataType.FLOAT32, 1.5),
    24: typed(DataType.FLOAT64, -2.25),
    25: b"\x19" + date_time(1_800_000_000),
    26: b"\x1a" + date_time(1_800_000_000)[:5],
    27: b"\x1b" + date_time(1_800_000_000)[5:9],
}
"""A value of every COSEM type that a Data object may hold (IEC 62056-6-2), by its tag."""


def sample_of(tag: int) -> str:
    """Return the OBIS of the Data object that holds a value of the COSEM type with this tag."""
    return f"0.128.96.99.{tag}.255"


class Clock(GXDLMSClock):  # type: ignore[misc]
    """The meter's clock; ``time`` holds what it says instead of the time, when that is set."""

    def __init__(self, now: Callable[[], float], written: MeterTime) -> None:
        super().__init__(CLOCK)
        self.time: GXDateTime | None = None
        self._now, self._written = now, written
        self.coded: dict[int, Callable[[], bytes]] = {
            2: lambda: typed(
                DataType.OCTET_STRING, self._written.octets(self._now()) if self.time is None else self.time
            ),
            3: lambda: typed(DataType.INT16, 0),
            4: lambda: typed(DataType.UINT8, 0),
            5: lambda: typed(DataType.OCTET_STRING, b"\xff" * 12),
            6: lambda: typed(DataType.OCTET_STRING, b"\xff" * 12),
            7: lambda: typed(DataType.INT8, 0),
            8: lambda: typed(DataType.BOOLEAN, False),
            9: lambda: typed(DataType.ENUM, 1),
        }


def data(obis: str, value: Callable[[], bytes]) -> Any:
    """Return a Data object, class 1."""
    return with_attributes(GXDLMSData(obis), {2: value})


def registers(kind: Kind) -> dict[str, DemoRegister]:
    """Return the registers of such a meter by OBIS."""
    return {spec.obis: DemoRegister(spec) for spec in kind.registers}


def _text(text: str) -> Callable[[], bytes]:
    return lambda: typed(DataType.OCTET_STRING, text.encode())


def inventory(
    *,
    identity: Identity,
    kind: Kind,
    load: Load,
    clock: Callable[[], float],
    now: Callable[[], float],
    past: Past,
    faults: Faults,
    time: MeterTime,
    found: dict[str, DemoRegister],
    counter: Callable[[], int],
    policy: Callable[[], tuple[int, int]],
) -> list[Any]:
    """Return the objects of the meter, its association apart.

    Args:
        identity: what it says about itself.
        kind: what kind of meter it is.
        load: what it measures.
        clock: Unix seconds by its own clock.
        now: the true time, Unix seconds.
        past: what happened to it.
        faults: what goes wrong with its history.
        time: how its clock is written.
        found: its registers.
        counter: the invocation counter that the next ciphered request must exceed.
        policy: its security policy and suite.
    """
    power = kind.first(Unit.ACTIVE_POWER)

    def hour_s() -> int:
        return int(clock()) // _HOUR_S * _HOUR_S

    def mean_w(start_s: float) -> int:
        return load(start_s + _HOUR_S / 2).get(power, 0)

    maximum = with_attributes(
        GXDLMSExtendedRegister(power.replace(".1.7.0.", ".1.6.0.")),
        {
            2: lambda: typed(DataType.INT32, mean_w(hour_s() - _HOUR_S)),
            3: lambda: scaler_unit(0, Unit.ACTIVE_POWER),
            4: lambda: typed(DataType.UINT8, 0),
            5: lambda: typed(DataType.OCTET_STRING, date_time(hour_s())),
        },
    )
    demand = with_attributes(
        GXDLMSDemandRegister(power.replace(".1.7.0.", ".1.4.0.")),
        {
            2: lambda: typed(DataType.INT32, mean_w(hour_s())),
            3: lambda: typed(DataType.INT32, mean_w(hour_s() - _HOUR_S)),
            4: lambda: scaler_unit(0, Unit.ACTIVE_POWER),
            5: lambda: typed(DataType.UINT8, 0),
            6: lambda: typed(DataType.OCTET_STRING, date_time(hour_s())),
            7: lambda: typed(DataType.OCTET_STRING, date_time(hour_s())),
            8: lambda: typed(DataType.UINT32, _HOUR_S),
            9: lambda: typed(DataType.UINT16, 1),
        },
    )
    log = EventLog(now, past=past, faults=faults, time=time)
    device = structure(typed(DataType.UINT16, 1), _text(identity.logical_device_name)())
    return [
        data(NAME, _text(identity.logical_device_name)),
        data("0.0.96.1.0.255", _text(identity.serial_number)),
        data("1.0.0.2.0.255", _text(identity.firmware)),
        data("0.0.96.10.1.255", lambda: typed(DataType.UINT8, 0)),
        Clock(clock, time),
        data(UNIX_TIME, lambda: typed(DataType.UINT32, int(clock()))),
        *found.values(),
        maximum,
        demand,
        LoadProfile(kind, load, now, past=past, faults=faults, time=time),
        log,
        data(EVENT_CODE, lambda: typed(DataType.UINT8, log.last_code())),
        with_attributes(GXDLMSSapAssignment("0.0.41.0.0.255"), {2: lambda: array([device])}),
        data(COUNTER, lambda: typed(DataType.UINT32, counter())),
        with_attributes(
            GXDLMSSecuritySetup("0.0.43.0.0.255"),
            {
                2: lambda: typed(DataType.ENUM, policy()[0]),
                3: lambda: typed(DataType.ENUM, policy()[1]),
                4: lambda: typed(DataType.OCTET_STRING, b""),
                5: lambda: typed(DataType.OCTET_STRING, identity.system_title),
            },
            version=0,
        ),
        *(data(sample_of(tag), lambda coded=coded: coded) for tag, coded in _SAMPLES.items()),  # type: ignore[misc]
    ]
