"""Where the simulated meters listen: an address of 127.0.0.0/8 for each, so that ports never run out."""

from __future__ import annotations

from ipaddress import IPv4Address

_FIRST = IPv4Address("127.1.0.0")


def address(number: int) -> str:
    """Return the address of meter, or converter, ``number``."""
    return str(_FIRST + number)
