"""By which names the health server may be asked for. Pure.

A web page can have the browser that shows it ask whatever that browser can reach: this port, on a technician's machine.
It cannot read the answer, unless its own name leads here (DNS rebinding): then the browser takes the answer for the
page's own. But the request says by which name it was asked, and a page's name is one that somebody registered: it has a
dot in it, and none of the endings that nobody can register.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_NOBODYS = (".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test")
"""Endings that lead nowhere outside of a house (RFC 6761, RFC 6762, RFC 8375; ICANN reserved .internal)."""


def is_a_name_of_ours(host: str, names: Collection[str]) -> bool:
    """Return whether a request that says ``Host: host`` may be answered.

    Args:
        host: as it came, with its port; empty where there was none, which no browser sends.
        names: what else this machine is called, lower case: ``HEALTH__NAMES``.
    """
    name = host.strip().lower()
    if name.startswith("["):  # [::1]:9108
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    name = name.rstrip(".")
    if name in names or name.endswith(_NOBODYS):
        return True
    with suppress(ValueError):
        ip_address(name)
        return True
    return "." not in name and ":" not in name
