"""One attribute to read, and the key under which its value is published. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bridge.dlms.obis_names import logical_name


@dataclass(frozen=True)
class Register:
    """One attribute to read. What is allowed in it, ``configuration/profile.py`` sees to.

    Args:
        key: telemetry key in ThingsBoard.
        obis: ``A-B:C.D.E`` or ``A-B:C.D.E*F``; F is 255 when left out (IEC 62056-6-1).
        class_id: COSEM interface class; 3 is Register (IEC 62056-6-2).
        attribute: which attribute of it; 2 is the value in every class that has one.
        label: what stands before the value in the log; the key when empty.
    """

    key: str
    obis: str
    class_id: int = 3
    attribute: int = 2
    label: str = ""

    @cached_property
    def logical_name(self) -> str:
        """The six groups with dots, as COSEM writes them: ``1.0.1.8.0.255``."""
        return logical_name(self.obis)

    @cached_property
    def octets(self) -> bytes:
        """The logical name as six octets, as it goes over the wire."""
        return bytes(int(group) for group in self.logical_name.split("."))
