"""Who a caller is: by system title, else by the name in what it pushes, by what its modem says, by its address.

Rules
    What a title says is believed because its keys open the message; a name and an address are only a caller's word.
    An address tells a meter only where it is one meter's alone.
    Of several meters behind one modem each is told by its own address in a message (HDLC address, wrapper port).
    Host names are looked up now and then, never because somebody called.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from bridge.configuration.meter import Meter

_LOOK_UP_S = 10.0


class Identities:
    """The meters, by what they are known by.

    Args:
        meters: all that are configured.
    """

    def __init__(self, meters: Iterable[Meter]) -> None:
        meters = tuple(meters)
        self._by_title = {one.calling.system_title: one for one in meters if one.calling.system_title}
        self._by_name = {one.calling.device_name.lower(): one for one in meters if one.calling.device_name}
        self._by_text = {one.calling.caller_id.lower(): one for one in meters if one.calling.caller_id}
        places = Counter(one.calling.address.lower() for one in meters)
        alone = [one for one in meters if one.calling.address and places[one.calling.address.lower()] == 1]
        self._by_address = {found: one for one in alone if (found := plain_address(one.calling.address))}
        self._to_look_up = [one for one in alone if not plain_address(one.calling.address)]
        self._looked_up: dict[str, Meter] = {}
        self._behind: dict[str, dict[int, Meter]] = {}  # of modems with several meters, by their addresses
        shared = {one.calling.via.lower() for one in meters if one.calling.via}
        for one in meters:
            if (modem := _modem(one)) in shared:
                self._behind.setdefault(modem, {})[one.server] = one

    def by_title(self, title: bytes) -> Meter | None:
        """Return whose system title it is."""
        return self._by_title.get(title)

    def by_names(self, names: Iterable[str]) -> Meter | None:
        """Return whose logical device name is among ``names``."""
        return next((meter for name in names if (meter := self._by_name.get(name.lower()))), None)

    def by_text(self, text: str) -> Meter | None:
        """Return whose modem says what stands in ``text``; the longest that fits."""
        said = text.lower()
        fits = [known for known in self._by_text if known in said]
        return self._by_text[max(fits, key=len)] if fits else None

    def by_address(self, address: str) -> Meter | None:
        """Return whose address it is, where it is one meter's alone."""
        return self._by_address.get(address) or self._looked_up.get(address)

    def behind(self, caller: Meter | None, source: int) -> Meter | None:
        """Return who sent a message that came by that caller's connection, as far as the address in it tells."""
        group = None if caller is None else self._behind.get(_modem(caller))
        return caller if group is None else group.get(source)

    async def look_up(self, resolve: Callable[[str], Coroutine[Any, Any, list[str]]] | None = None) -> None:
        """Look the host names up anew; one that fails keeps what it had.

        Args:
            resolve: returns the addresses of a name, or raises OSError; the system's by default.
        """
        found: dict[str, Meter | None] = {}
        for meter in self._to_look_up:
            addresses = [address for address, one in self._looked_up.items() if one is meter]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_LOOK_UP_S):
                    addresses = await (resolve or _resolve)(meter.calling.address)
            for address in addresses:
                found[address] = None if address in found or address in self._by_address else meter
        self._looked_up = {address: meter for address, meter in found.items() if meter is not None}


def _modem(meter: Meter) -> str:
    """Return what names the modem before a meter: the meter that is known by it."""
    return (meter.calling.via or meter.name).lower()


def plain_address(text: str) -> str:
    """Return an IP address as it is compared, without a zone and an IPv4 address as such; empty for anything else."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


async def _resolve(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(plain_address(str(address[0])) for *_, address in found))
