"""Interface classes by their names, which attribute is worth a look, and what their enums mean (IEC 62056-6-2). Pure.

The standard's own words, in English everywhere.
"""

from __future__ import annotations

from typing import Final

CLASSES: Final = {
    1: "Data", 3: "Register", 4: "Extended register", 5: "Demand register", 6: "Register activation",
    7: "Profile generic", 8: "Clock", 9: "Script table", 10: "Schedule", 11: "Special days table", 12: "Association SN",
    15: "Association LN", 17: "SAP assignment", 18: "Image transfer", 19: "IEC local port setup",
    20: "Activity calendar", 21: "Register monitor", 22: "Single action schedule", 23: "IEC HDLC setup",
    24: "IEC twisted pair setup", 25: "M-Bus slave port setup", 26: "Utility tables", 27: "Modem configuration",
    28: "Auto answer", 29: "Auto connect", 30: "Data protection", 40: "Push setup", 41: "TCP-UDP setup",
    42: "IPv4 setup", 43: "MAC address setup", 44: "PPP setup", 45: "GPRS modem setup", 46: "SMTP setup",
    47: "GSM diagnostic", 48: "IPv6 setup", 61: "Register table", 62: "Compact data", 63: "Status mapping",
    64: "Security setup", 65: "Parameter monitor", 67: "Sensor manager", 68: "Arbitrator", 70: "Disconnect control",
    71: "Limiter", 72: "M-Bus client", 100: "NTP setup", 111: "Account", 112: "Credit", 113: "Charge",
    115: "Token gateway", 122: "Function control", 123: "Array manager", 124: "Communication port protection",
    151: "LTE monitoring",
}  # fmt: skip

WORTH_A_LOOK: Final = {
    1: 2, 3: 2, 4: 2, 5: 2, 7: 7, 8: 2, 12: 1, 17: 2, 20: 2, 23: 9, 41: 2, 42: 3, 43: 2, 48: 4, 62: 2, 63: 2, 64: 2,
    70: 3, 71: 3,
}  # fmt: skip
"""The attribute that tells most about an object of a class; of a profile how many entries it has."""

_BAUDS = dict(enumerate((300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)))
ENUMS: Final[dict[tuple[int, int], dict[int, str]]] = {
    (7, 5): dict(enumerate(("first in first out", "last in first out", "largest", "smallest", "nearest to zero",
                            "farthest from zero"), 1)),
    (8, 9): dict(enumerate(("not defined", "internal crystal", "mains 50 Hz", "mains 60 Hz", "GPS", "radio"))),
    (15, 8): {0: "non-associated", 1: "association pending", 2: "associated"},
    (18, 6): dict(enumerate(("not initiated", "initiated", "verification initiated", "verification successful",
                             "verification failed", "activation initiated", "activation successful",
                             "activation failed"))),
    (19, 2): {0: "mode C", 1: "mode E", 2: "HDLC, IEC 62056-46", 3: "IEC 62056-21 mode E or HDLC"},
    (19, 3): {number: f"{baud} baud" for number, baud in _BAUDS.items()},
    (19, 4): {number: f"{baud} baud" for number, baud in _BAUDS.items()},
    (23, 2): {number: f"{baud} baud" for number, baud in _BAUDS.items()},
    (64, 3): {0: "suite 0", 1: "suite 1", 2: "suite 2"},
    (70, 3): {0: "disconnected", 1: "connected", 2: "ready for reconnection"},
    (70, 4): {number: f"mode {number}" for number in range(8)},
}  # fmt: skip


def class_text(class_id: int) -> str:
    """Return ``3 Register``; the number alone for a class that is not known here."""
    return f"{class_id} {CLASSES.get(class_id, '')}".rstrip()


def enum_text(class_id: int, attribute: int, value: int) -> str:
    """Return what an enum's number means; ``enum`` where that is not known here."""
    word = ENUMS.get((class_id, attribute), {}).get(value, "")
    return f"enum: {word}" if word else "enum"
