"""What Home Assistant may believe of a register: a class where it is certain, none where it is not."""

from __future__ import annotations

import pytest

from bridge.delivery.home_assistant.sensor_classes import classes_of


@pytest.mark.parametrize(
    ("obis", "unit", "device_class", "state_class"),
    [
        ("1-0:32.7.0", "V", "voltage", "measurement"),
        ("1-1:31.7.0", "A", "current", "measurement"),
        ("1-0:14.7.0", "Hz", "frequency", "measurement"),
        ("1-0:1.7.0", "W", "power", "measurement"),
        ("1-0:1.6.0", "W", "power", "measurement"),  # the greatest demand
        ("1-0:9.7.0", "VA", "apparent_power", "measurement"),
        ("1-0:3.7.0", "var", "reactive_power", "measurement"),
        ("1-0:1.8.0", "Wh", "energy", "total_increasing"),
        ("1-0:1.8.2.255", "Wh", "energy", "total_increasing"),  # of a tariff
        ("1-0:2.9.0", "Wh", "energy", "total_increasing"),  # since the billing period began
        ("1-0:3.8.0", "varh", "reactive_energy", "total_increasing"),
        ("1-0:9.8.0", "VAh", None, "total_increasing"),  # there is no class for it
        ("1-0:16.8.0", "Wh", "energy", "total"),  # import less export may fall
        ("1-0:1.8.0*01", "Wh", "energy", None),  # of a past billing period
        ("1-0:1.29.0", "Wh", "energy", None),  # of one load profile period
        ("1-0:1.8.0", "W", "power", "measurement"),  # the unit is the meter's word
        ("1-0:1.8.0", "", None, None),  # no unit: nothing is certain
        ("0-0:1.8.0", "Wh", "energy", None),  # not electricity
        ("1-0:13.7.0", "", "power_factor", "measurement"),
        ("1-0:81.7.4", "°", None, "measurement"),
        ("0-0:96.9.0", "°C", "temperature", "measurement"),
        ("7-0:3.0.0", "m³", None, None),
        ("0-0:96.7.21", "", None, None),
        ("1-0:32.7.0", "unit 99", None, "measurement"),
        ("no code", "Wh", "energy", None),
    ],
)
def test_classes(obis, unit, device_class, state_class):
    assert classes_of(obis, unit) == (device_class, state_class)
