"""What the entries of a meter's event logs mean: the usual codes of the logs 0-0:99.98.*, in words. Pure.

No standard binds a maker to them: these are the codes that the companion specifications share. What a maker has of its
own stands in the profile (``codes``), and goes first. English, as the log is; the command line has them in Spanish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

POWER_DOWN: Final = 1
POWER_UP: Final = 2

EVENT_CODES: Final[Mapping[int, str]] = {
    POWER_DOWN: "power down",
    POWER_UP: "power up",
    3: "daylight saving time switched",
    4: "clock adjusted, old time",
    5: "clock adjusted, new time",
    6: "clock invalid",
    7: "replace the battery",
    8: "battery voltage low",
    9: "tariff activated",
    10: "error register cleared",
    11: "alarm register cleared",
    12: "program memory error",
    13: "RAM error",
    14: "non-volatile memory error",
    15: "watchdog error",
    16: "measuring system error",
    17: "firmware ready for activation",
    18: "firmware activated",
    19: "passive tariff programmed",
    20: "self-check after the firmware update passed",
    40: "terminal cover opened",
    41: "terminal cover closed",
    42: "strong magnetic field",
    43: "strong magnetic field gone",
    44: "meter cover opened",
    45: "meter cover closed",
    46: "failed login",
    47: "configuration changed",
    48: "global key changed",
    49: "decryption or authentication failed",
    50: "replay attack",
    51: "firmware verification failed",
    59: "disconnector ready for reconnection by hand",
    60: "disconnected by hand",
    61: "reconnected by hand",
    62: "disconnected remotely",
    63: "reconnected remotely",
    64: "disconnected by the meter",
    65: "limit exceeded",
    66: "below the limit again",
    67: "limit changed",
    68: "disconnecting or reconnecting failed",
    69: "reconnected by the meter",
    76: "undervoltage L1",
    77: "undervoltage L2",
    78: "undervoltage L3",
    79: "overvoltage L1",
    80: "overvoltage L2",
    81: "overvoltage L3",
    82: "voltage missing L1",
    83: "voltage missing L2",
    84: "voltage missing L3",
    85: "voltage normal L1",
    86: "voltage normal L2",
    87: "voltage normal L3",
    88: "phases asymmetric",
    89: "current reversed",
    90: "wrong phase sequence",
    91: "unexpected consumption",
    92: "key exchanged",
    99: "last gasp: power is failing",
    255: "event log cleared",
}

_LOGS: Final = {0: "standard", 1: "fraud", 2: "disconnector", 3: "M-Bus", 4: "power quality", 5: "communication"}


def event_words(code: int, own: Mapping[int, str] | None = None) -> str:
    """Return what ``code`` means; ``code 201`` where nobody says.

    Args:
        code: as the log has it.
        own: the maker's own codes, from the profile.
    """
    return (own or {}).get(code) or EVENT_CODES.get(code) or f"code {code}"


def event_log_name(logical_name: str) -> str:
    """Return ``standard``, ``fraud`` … for an event log; its OBIS code without the last group where it is another.

    Args:
        logical_name: six groups with dots, such as ``0.0.99.98.0.255``.
    """
    a, b, c, d, e, _ = logical_name.split(".")
    if (a, c, d) == ("0", "99", "98") and int(e) in _LOGS:
        return _LOGS[int(e)]
    return f"{a}-{b}:{c}.{d}.{e}"
