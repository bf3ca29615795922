"""The TCP ports that are tried when none is given: one list, the likeliest first, each with its reason.

Every one of them is tried by a plain connection and nothing else is sent to a port that refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UsualPort:
    """A port and why a meter may listen there."""

    number: int
    reason: str


USUAL_PORTS = (
    UsualPort(4059, "registered for DLMS/COSEM over TCP (IANA: dlms-cosem; IEC 62056-47)"),
    UsualPort(3333, "the converter before the meter that this project began with"),
    UsualPort(4061, "met as the second DLMS port beside 4059"),
    UsualPort(8899, "default of Wi-Fi and Ethernet serial converters: Hi-Flying Elfin and HF, USR-W610"),
    UsualPort(4001, "first serial port of a Moxa NPort"),
    UsualPort(4196, "default of ZLAN and Waveshare RS-485 converters"),
    UsualPort(23, "first serial port of a USR-TCP232-410; other converters under the name of Telnet"),
    UsualPort(26, "second serial port of a USR-TCP232-410"),
    UsualPort(20108, "default of a USR-TCP232-302"),
    UsualPort(10001, "first serial port of a Lantronix XPort or UDS"),
    UsualPort(2000, "first serial port in the examples of ser2net"),
    UsualPort(5000, "the port in the examples of many modem and converter manuals"),
    UsualPort(502, "Modbus/TCP gateways whose serial side was set to transparent"),
)


def usual_ports() -> tuple[int, ...]:
    """Return the numbers, the likeliest first."""
    return tuple(port.number for port in USUAL_PORTS)
