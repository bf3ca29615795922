"""The built-in demo meter: an electricity meter on a TCP port, with every fault that it is asked for.

For a first look without a meter, for trying a change, and for the tests. The object classes, the values' encoding and
the ciphering are gurux-dlms'; what its server side cannot do is done here by the standard.

    load.py           what it measures            hdlc.py        its end of the HDLC link
    cosem.py          objects and their bytes     mode_e.py      the opening of IEC 62056-21 mode E
    inventory.py      which objects it has        meter.py       one connection, sans-I/O
    load_profile.py   its load profile, and       serving.py     on a TCP port
    event_log.py      event log, as both are by   meter_time.py  its local time
    recorded_profile.py                           past.py        what happened to it
    access.py         whom it knows               faults.py      what goes wrong in the meter, of fault_table.py
    security.py       keys at work                line_faults.py what goes wrong on the line
    association.py    AARQ to RLRQ                aarq.py        those APDUs in bytes
    services.py       GET, READ, ACTION           view.py        what a client sees
    counters.py       invocation counters         command.py     ``bridge demo-meter``
    pushing.py        what it pushes              calling.py     as the one who calls; call_command.py

Names are taken from those files when they are first asked for: gurux-dlms takes a while to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.demo.access import Client, Keys, MeterMemory
    from bridge.demo.faults import Faults
    from bridge.demo.inventory import DEMO_SERIAL, Identity
    from bridge.demo.load import REGISTERS, Load, RegisterSpec, household
    from bridge.demo.meter import DEMO_PASSWORD, PUBLIC_CLIENT, MeterServer
    from bridge.demo.serving import serve

__all__ = [
    "DEMO_PASSWORD",
    "DEMO_SERIAL",
    "PUBLIC_CLIENT",
    "REGISTERS",
    "Client",
    "Faults",
    "Identity",
    "Keys",
    "Load",
    "MeterMemory",
    "MeterServer",
    "RegisterSpec",
    "household",
    "serve",
]

_ROOMS = {
    "access": ("Client", "Keys", "MeterMemory"),
    "faults": ("Faults",),
    "inventory": ("DEMO_SERIAL", "Identity"),
    "load": ("REGISTERS", "Load", "RegisterSpec", "household"),
    "meter": ("DEMO_PASSWORD", "PUBLIC_CLIENT", "MeterServer"),
    "serving": ("serve",),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"bridge.demo.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
