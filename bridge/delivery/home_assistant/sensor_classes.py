"""What Home Assistant may believe of a register, from its OBIS code and its unit. Pure.

Rules

* Better no class than a wrong one: a class is given where the meter's unit is one that Home Assistant takes for it, in
  its own spelling (``homeassistant/components/sensor/const.py``), and nowhere else.
* An energy is ``total_increasing`` where the standard says that it only grows: electricity, time integral 1 or 2, the
  present value (IEC 62056-6-1, 5.3.3 and 5.3.4). A net sum may fall; a value of a past billing period and the energy of
  one period are no totals at all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MEASURED = {
    "V": "voltage",
    "A": "current",
    "Hz": "frequency",
    "W": "power",
    "VA": "apparent_power",
    "var": "reactive_power",
    "°C": "temperature",
    "K": "temperature",
    "Pa": "pressure",
    "bar": "pressure",
    "dB": "signal_strength",
    "dBm": "signal_strength",
}
_COUNTED = {"Wh": "energy", "varh": "reactive_energy", "VAh": None}
"""Home Assistant has no class for apparent energy."""
_ELECTRICITY, _PRESENT = 1, 255
_POWER_FACTORS = (13, 33, 53, 73)
_NET = (16, 36, 56, 76)
_TOTALS = (8, 9)
_NOW = 7


class SensorClasses(NamedTuple):
    """What Home Assistant is told of a number.

    Args:
        device_class: what is measured; None says nothing of it.
        state_class: whether and how its course is added up; None keeps no statistics of it.
    """

    device_class: str | None = None
    state_class: str | None = None


def classes_of(obis: str, unit: str) -> SensorClasses:
    """Return what a register of this code, in this unit, is to Home Assistant; for numbers, not for text."""
    groups = [int(group) for group in re.findall(r"\d+", obis)]
    medium, _, quantity, kind, _, period = (*groups, _PRESENT)[:6] if len(groups) >= 5 else (0, 0, 0, 0, 0, 0)
    is_present = period == _PRESENT
    if unit in _MEASURED:
        return SensorClasses(_MEASURED[unit], "measurement" if is_present else None)
    if unit in _COUNTED:
        is_total = medium == _ELECTRICITY and kind in _TOTALS and is_present
        grows = "total" if quantity in _NET else "total_increasing"
        return SensorClasses(_COUNTED[unit], grows if is_total else None)
    if medium == _ELECTRICITY and kind == _NOW and is_present:
        is_factor = not unit and quantity in _POWER_FACTORS
        return SensorClasses("power_factor" if is_factor else None, "measurement")
    return SensorClasses()
