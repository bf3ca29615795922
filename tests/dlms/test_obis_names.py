"""What registers are called by their OBIS codes."""

import pytest

from bridge.dlms.obis_names import is_usual, key_of, short_obis


@pytest.mark.parametrize(
    ("logical_name", "key"),
    [
        ("1.0.32.7.0.255", "voltage_l1"),
        ("1.1.52.7.0.255", "voltage_l2"),
        ("1.0.71.7.0.255", "current_l3"),
        ("1.0.14.7.0.255", "frequency"),
        ("1.0.13.7.0.255", "power_factor"),
        ("1.0.73.7.0.255", "power_factor_l3"),
        ("1.0.1.7.0.255", "active_power"),
        ("1.0.21.7.0.255", "active_power_l1"),
        ("1.0.62.7.0.255", "active_power_export_l3"),
        ("1.0.1.8.0.255", "active_energy"),
        ("1.0.2.8.0.255", "active_energy_export"),
        ("1.0.1.8.2.255", "active_energy_t2"),
        ("1.0.41.8.0.255", "active_energy_l2"),
        ("1.0.5.8.0.255", "reactive_energy_q1"),
        ("1.0.1.6.0.255", "active_power_max"),
        ("1.1.1.4.0.255", "active_power_average"),
        ("1.2.1.8.0.255", "active_energy_ch2"),
        ("1.0.91.7.0.255", "current_neutral"),
        ("1.0.99.1.0.255", "obis_1_0_99_1_0"),
        ("0.0.96.1.0.255", "obis_0_0_96_1_0"),
        ("1.0.1.8.0.101", "obis_1_0_1_8_0_101"),
    ],
)
def test_a_register_has_a_key_by_its_code(logical_name, key):
    assert key_of(logical_name) == key


@pytest.mark.parametrize("logical_name", ["1.0.1.8.0.255", "1.1.32.7.0.255", "1.0.1.8.4.255", "1.0.16.7.0.255"])
def test_energies_and_instantaneous_values_are_usual(logical_name):
    assert is_usual(logical_name)


@pytest.mark.parametrize(
    "logical_name",
    ["1.0.1.6.0.255", "1.0.32.7.5.255", "1.0.1.8.0.1", "0.0.96.1.0.255", "1.0.99.1.0.255", "1.0.1.8.20.255"],
)
def test_maxima_harmonics_and_billing_values_are_not(logical_name):
    assert not is_usual(logical_name)


def test_a_code_is_written_as_people_write_it():
    assert (short_obis("1.0.1.8.0.255"), short_obis("1.0.1.8.0.1")) == ("1-0:1.8.0", "1-0:1.8.0*1")
