"""Which addresses and clients are tried, in which order, and why: the likeliest first, because silence costs time.

A meter says nothing to an address that is not its own, so each wrong one costs a whole wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PUBLIC_CLIENT: Final = 16
"""Reserved for the public client, who needs no secret (IEC 62056-6-2, 4.4)."""

CLIENTS: Final = (16, 1, 2, 3, 17, 32, 48, 64, 100, 102)
"""Client addresses: public, management (1), then those that manufacturers give reading, billing and local clients."""

WRAPPER_SERVERS: Final = (1, 16, 17, 2)
"""Server wrapper ports: the management logical device first, which every physical device has at 1."""

HIGHEST_HDLC_CLIENT: Final = 0x7F
_LIKELIEST = 4


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server address, and for HDLC its length on the wire (0 on the wrapper)."""

    server: int
    octets: int = 0

    def __str__(self) -> str:
        """Return it as people write it: the number, and for longer HDLC addresses upper and lower part."""
        if self.octets < 2:
            return str(self.server)
        half = 7 * (self.octets // 2)
        return f"{self.server} ({self.server >> half}/{self.server & (1 << half) - 1})"


def hdlc_address(upper: int, lower: int, octets: int) -> ServerAddress:
    """Return the address with an upper (logical device) and a lower (physical device) part, in 2 or 4 octets."""
    return ServerAddress(upper << 7 * (octets // 2) | lower, octets)


HDLC_ADDRESSES: Final = (
    ServerAddress(1, 1),  # the management logical device, without a lower address
    hdlc_address(1, 16, 2),  # lower 0x10: the first physical address that may be given out (IEC 62056-46, 6.4.2.3)
    hdlc_address(1, 16, 4),
    ServerAddress(16, 1),
    hdlc_address(1, 17, 2),
    hdlc_address(1, 17, 4),
    ServerAddress(17, 1),
    hdlc_address(0, 1, 2),
    hdlc_address(1, 1, 2),
    hdlc_address(1, 1, 4),
    hdlc_address(0, 1, 4),
    hdlc_address(0, 16, 2),
)


def from_serial(serial: str) -> tuple[ServerAddress, ...]:
    """Return the addresses that makers calculate from a serial number; none when it ends in no digits.

    The lower address is the last four digits plus 1000 (Landis+Gyr and others), or the last four or two as they are.
    """
    digits = "".join(ch for ch in serial if ch.isascii() and ch.isdigit())
    if not digits:
        return ()
    last_four, last_two = int(digits[-4:]), int(digits[-2:])
    lowers = [last_four + 1000, last_four]
    addresses = [hdlc_address(1, lower, 4) for lower in lowers if lower <= 0x3FFF]
    addresses += [hdlc_address(0, lower, 4) for lower in lowers if lower <= 0x3FFF]
    addresses.append(hdlc_address(1, last_two, 2))
    return tuple(addresses)


def pairs(addresses: Iterable[ServerAddress], clients: Iterable[int]) -> Iterator[tuple[ServerAddress, int]]:
    """Yield addresses with clients: the first two clients at every address, then the others at the likeliest four.

    Nearly every meter that answers at all knows the public client or client 1.
    """
    addresses, clients = tuple(addresses), tuple(clients)
    for address in addresses:
        for client in clients[:2]:
            yield address, client
    for client in clients[2:]:
        for address in addresses[:_LIKELIEST]:
            yield address, client
