"""The COSEM interface classes (IEC 62056-6-2): the one table of their names and of what stands under which attribute.

Whoever reads, probes or lists objects looks here. A new class is a new line here and nothing elsewhere. The names are
the standard's, in English everywhere. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = 1
REGISTER: Final = 3
EXTENDED_REGISTER: Final = 4
DEMAND_REGISTER: Final = 5
PROFILE_GENERIC: Final = 7
CLOCK: Final = 8
ASSOCIATION_SN: Final = 12
ASSOCIATION_LN: Final = 15


class InterfaceClass(NamedTuple):
    """One interface class; attributes by their numbers.

    Args:
        name: the standard's.
        telling: the attribute that tells most about an object; 0 when none is worth reading alone.
        scaler_unit: the attribute with scaler and unit; 0 when there is none.
        scaled: the attributes whose values stand under that scaler.
        dates: attributes that hold a date-time, whatever the type in which it is sent.
        addresses: attributes that hold IP addresses.
        enums: what the numbers of an enum mean, by attribute.
    """

    name: str
    telling: int = 0
    scaler_unit: int = 0
    scaled: tuple[int, ...] = ()
    dates: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    enums: Mapping[int, Mapping[int, str]] = {}


def _numbered(first: int, *words: str) -> dict[int, str]:
    return dict(enumerate(words, first))


_BAUDS: Final = _numbered(
    0, *(f"{baud} baud" for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200))
)

CLASSES: Final[Mapping[int, InterfaceClass]] = {
    DATA: InterfaceClass("Data", telling=2),
    REGISTER: InterfaceClass("Register", telling=2, scaler_unit=3, scaled=(2,)),
    EXTENDED_REGISTER: InterfaceClass("Extended register", telling=2, scaler_unit=3, scaled=(2,), dates=(5,)),
    DEMAND_REGISTER: InterfaceClass("Demand register", telling=2, scaler_unit=4, scaled=(2, 3), dates=(6, 7)),
    6: InterfaceClass("Register activation"),
    PROFILE_GENERIC: InterfaceClass(
        "Profile generic",
        telling=7,
        enums={
            5: _numbered(
                1,
                "first in first out",
                "last in first out",
                "largest",
                "smallest",
                "nearest to zero",
                "farthest from zero",
            )
        },
    ),
    CLOCK: InterfaceClass(
        "Clock",
        telling=2,
        dates=(2, 5, 6),
        enums={9: _numbered(0, "not defined", "internal crystal", "mains 50 Hz", "mains 60 Hz", "GPS", "radio")},
    ),
    9: InterfaceClass("Script table"),
    10: InterfaceClass("Schedule"),
    11: InterfaceClass("Special days table"),
    ASSOCIATION_SN: InterfaceClass("Association SN", telling=1),
    ASSOCIATION_LN: InterfaceClass(
        "Association LN", enums={8: _numbered(0, "non-associated", "association pending", "associated")}
    ),
    17: InterfaceClass("SAP assignment", telling=2),
    18: InterfaceClass(
        "Image transfer",
        enums={
            6: _numbered(
                0,
                "not initiated",
                "initiated",
                "verification initiated",
                "verification successful",
                "verification failed",
                "activation initiated",
                "activation successful",
                "activation failed",
            )
        },
    ),
    19: InterfaceClass(
        "IEC local port setup",
        enums={
            2: _numbered(0, "mode C", "mode E", "HDLC, IEC 62056-46", "IEC 62056-21 mode E or HDLC"),
            3: _BAUDS,
            4: _BAUDS,
        },
    ),
    20: InterfaceClass("Activity calendar", telling=2),
    21: InterfaceClass("Register monitor"),
    22: InterfaceClass("Single action schedule"),
    23: InterfaceClass("IEC HDLC setup", telling=9, enums={2: _BAUDS}),
    24: InterfaceClass("IEC twisted pair setup"),
    25: InterfaceClass("M-Bus slave port setup"),
    26: InterfaceClass("Utility tables"),
    27: InterfaceClass("Modem configuration"),
    28: InterfaceClass("Auto answer"),
    29: InterfaceClass("Auto connect"),
    30: InterfaceClass("Data protection"),
    40: InterfaceClass("Push setup"),
    41: InterfaceClass("TCP-UDP setup", telling=2),
    42: InterfaceClass("IPv4 setup", telling=3, addresses=(3, 4, 6, 7, 9, 10)),
    43: InterfaceClass("MAC address setup", telling=2),
    44: InterfaceClass("PPP setup"),
    45: InterfaceClass("GPRS modem setup"),
    46: InterfaceClass("SMTP setup"),
    47: InterfaceClass("GSM diagnostic"),
    48: InterfaceClass("IPv6 setup", telling=4, addresses=(4, 5, 6, 7, 8)),
    61: InterfaceClass("Register table"),
    62: InterfaceClass("Compact data", telling=2),
    63: InterfaceClass("Status mapping", telling=2),
    64: InterfaceClass("Security setup", telling=2, enums={3: _numbered(0, "suite 0", "suite 1", "suite 2")}),
    65: InterfaceClass("Parameter monitor"),
    67: InterfaceClass("Sensor manager"),
    68: InterfaceClass("Arbitrator"),
    70: InterfaceClass(
        "Disconnect control",
        telling=3,
        enums={
            3: _numbered(0, "disconnected", "connected", "ready for reconnection"),
            4: _numbered(0, *(f"mode {number}" for number in range(8))),
        },
    ),
    71: InterfaceClass("Limiter", telling=3),
    72: InterfaceClass("M-Bus client"),
    100: InterfaceClass("NTP setup"),
    111: InterfaceClass("Account"),
    112: InterfaceClass("Credit"),
    113: InterfaceClass("Charge"),
    115: InterfaceClass("Token gateway"),
    122: InterfaceClass("Function control"),
    123: InterfaceClass("Array manager"),
    124: InterfaceClass("Communication port protection"),
    151: InterfaceClass("LTE monitoring"),
}

SCALED: Final = frozenset((number, one) for number, kind in CLASSES.items() for one in kind.scaled)
"""Class and attribute of the values under a scaler."""
DATES: Final = frozenset((number, one) for number, kind in CLASSES.items() for one in kind.dates)
"""Class and attribute of date-times."""
ADDRESSES: Final = frozenset((number, one) for number, kind in CLASSES.items() for one in kind.addresses)
"""Class and attribute of IP addresses."""
WITH_SCALER: Final = tuple(number for number, kind in CLASSES.items() if kind.scaler_unit)
"""The classes of registers: a value with scaler and unit."""

_UNKNOWN: Final = InterfaceClass("")


def interface_class(class_id: int) -> InterfaceClass:
    """Return the class; one without a name or attributes for a number that is not known here."""
    return CLASSES.get(class_id, _UNKNOWN)


def scaler_attribute(class_id: int, attribute: int) -> int:
    """Return the attribute with scaler and unit of ``attribute``; 0 where it stands under none."""
    kind = interface_class(class_id)
    return kind.scaler_unit if attribute in kind.scaled else 0


def class_text(class_id: int) -> str:
    """Return ``3 Register``; the number alone for a class that is not known here."""
    return f"{class_id} {interface_class(class_id).name}".rstrip()


def enum_text(class_id: int, attribute: int, value: int) -> str:
    """Return what an enum's number means; ``enum`` where that is not known here."""
    word = interface_class(class_id).enums.get(attribute, {}).get(value, "")
    return f"enum: {word}" if word else "enum"
