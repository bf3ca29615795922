"""What the user names on the command line: a host, a host with its port, or a range of addresses. Pure.

A range is judged here too: whether it is private, and how many addresses it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_DASHED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})-(\d{1,3}(?:\.\d{1,3}){3}|\d{1,3})")
ASKS_ABOVE = 256
"""A larger range is scanned only after a yes."""
LARGEST = 65536
"""The largest range: a larger scan would run for days and look like an attack."""


class TargetError(ValueError):
    """What was named cannot be probed; the sentence says what can.

    Args:
        key: of the sentence.
        values: what it is filled with.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


@dataclass(frozen=True, slots=True)
class HostTarget:
    """One host; ``port`` is None when none was named."""

    host: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class RangeTarget:
    """Addresses from ``first`` to ``last``, both included, and the one port that was named, if any."""

    text: str
    first: IPv4Address
    last: IPv4Address
    port: int | None = None

    @property
    def count(self) -> int:
        """How many addresses."""
        return int(self.last) - int(self.first) + 1

    @property
    def is_private(self) -> bool:
        """Whether every address is of a private network, link-local or loopback: nobody else's network."""
        return any(self.first in network and self.last in network for network in _PRIVATE)

    def __iter__(self) -> Iterator[str]:
        return (str(IPv4Address(number)) for number in range(int(self.first), int(self.last) + 1))


_PRIVATE = tuple(
    IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
)


def parse_target(text: str) -> HostTarget | RangeTarget:
    """Return what ``text`` names.

    Args:
        text: ``meter.example``, ``192.0.2.7``, ``192.0.2.7:4059``, ``[2001:db8::7]:4059``, ``192.0.2.0/24``,
            ``192.0.2.0/24:4059``, ``192.0.2.10-192.0.2.20`` or ``192.0.2.10-20``.

    Raises:
        TargetError: it is none of these; show the text and stop.
    """
    text = text.strip()
    if "://" in text:
        raise TargetError("probe.target.scheme", text=text, scheme=text.partition("://")[0])
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in host:
            raise TargetError("probe.target.ipv6", text=text)
        return HostTarget(host, _port(text, rest[1:]) if rest else None)
    if text.count(":") > 1:
        return HostTarget(text)
    address, colon, port_text = text.partition(":")
    port = _port(text, port_text) if colon else None
    if "/" in address:
        return _network(text, address, port)
    if dashed := _DASHED.fullmatch(address):
        return _dashed(text, *dashed.groups(), port=port)
    if not _HOST.fullmatch(address):
        raise TargetError("probe.target.neither", text=text)
    return HostTarget(address, port)


def _port(text: str, port: str) -> int:
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 0xFFFF:
        raise TargetError("probe.target.port", text=text)
    return int(port)


def _network(text: str, address: str, port: int | None) -> RangeTarget:
    try:
        network = ip_network(address, strict=False)
    except ValueError as error:
        raise TargetError("probe.target.wrong", text=text, said=error) from None
    if isinstance(network, IPv6Network):
        raise TargetError("probe.target.ipv6_range", text=text)
    first, last = network.network_address, network.broadcast_address
    if network.prefixlen < 31:  # the first and the last name the network and everybody on it
        first, last = first + 1, last - 1
    return _checked(RangeTarget(text, first, last, port))


def _dashed(text: str, start: str, end: str, *, port: int | None) -> RangeTarget:
    whole = end if "." in end else f"{start.rpartition('.')[0]}.{end}"
    try:
        first, last = IPv4Address(start), IPv4Address(whole)
    except ValueError as error:
        raise TargetError("probe.target.wrong", text=text, said=error) from None
    if last < first:
        raise TargetError("probe.target.backwards", text=text)
    return _checked(RangeTarget(text, first, last, port))


def _checked(target: RangeTarget) -> RangeTarget:
    if target.count > LARGEST:
        raise TargetError("probe.target.large", text=target.text, count=target.count, most=LARGEST)
    return target
