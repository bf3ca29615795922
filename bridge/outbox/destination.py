"""The destination a sample is accepted for: a short text kept with every row. Pure.

====================================== ==========================================================
text                                   accepted for
====================================== ==========================================================
``local``                              the local broker: no ThingsBoard was set
``thingsboard HOST:PORT gateway``      that server's gateway; the row's device name says which device
``thingsboard HOST:PORT device NAME``  that server, as the one device whose token is used
====================================== ==========================================================

Two texts that differ are two destinations: a row goes to its own and to no other. A server that is reached by another
name from now on (or a renamed device) is a new destination too; if it is in fact the same, say so once with
``bridge outbox readdress``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from bridge.configuration.settings import ThingsBoardSettings

LOCAL: Final = "local"
EARLIER: Final = "thingsboard, as the gateway of an earlier version"
"""Rows of version 1 whose meter is not the one of the present device mode: nobody wrote down where they belong."""
UNKNOWN: Final = "unknown"
"""Rows of a damaged file that no longer tells."""


def destination_of(thingsboard: ThingsBoardSettings, device: str) -> str:
    """Return the destination that the settings name.

    Args:
        thingsboard: the settings.
        device: the device name of the first meter; counts in device mode, where there is one.
    """
    if thingsboard.host is None:
        return LOCAL
    port = thingsboard.port or (8883 if thingsboard.tls else 1883)
    host = thingsboard.host.lower().rstrip(".")
    where = f"thingsboard {f'[{host}]' if ':' in host else host}:{port}"
    return f"{where} device {device}" if thingsboard.mode == "device" else f"{where} gateway"


def tag_of(destination: str) -> int:
    """Return the number for ``destination`` in a row: a 31-bit hash, so that a row alone identifies its own."""
    return (crc32(destination.encode("utf-8", "replace")) & 0x7FFFFFFF) or 1  # 0: accepted by version 1
