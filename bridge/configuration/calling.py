"""How a meter that calls by itself is known, and what is taken from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What a meter's settings say of its calls. A meter that is only read has the default.

    Args:
        dial_in: whether it is read over the connection that it opened itself.
        via: the meter over whose connection it is read, as of several behind one modem; empty for its own.
        push_only: whether it is never asked anything: what it pushes is all there is.
        address: host name or address that it calls from, or is read at; empty where nobody said it.
        system_title: its own, eight octets; empty where nobody said it.
        device_name: its logical device name, as it stands in what it pushes; empty where nobody said it.
        caller_id: text in what its modem sends first; empty where nobody said it.
        takes_plain: whether plain messages are taken although the meter has keys.
    """

    dial_in: bool = False
    via: str = ""
    push_only: bool = False
    address: str = ""
    system_title: bytes = b""
    device_name: str = ""
    caller_id: str = ""
    takes_plain: bool = False

    @property
    def calls(self) -> bool:
        """Whether nobody connects to the meter: it is the one who calls."""
        return self.dial_in or self.push_only


ONLY_READ = Calling()
"""A meter that never calls."""
