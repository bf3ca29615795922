"""What the demo meter measures is plausible and repeatable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.configuration.profile import load_profile
from bridge.demo import command, household
from bridge.demo.load import KINDS, three_phase

TIMES = st.floats(1_750_000_000, 1_900_000_000)


@given(TIMES)
def test_the_load_is_plausible_at_any_time(now_s):
    raw = household(now_s)
    assert 11500 <= raw["1.1.32.7.0.255"] <= 13800  # V, two decimals
    assert 5900 <= raw["1.1.14.7.0.255"] <= 6100  # Hz, two decimals
    assert 0 <= raw["1.1.1.7.0.255"] <= 2000  # W
    voltage_v, current_a = raw["1.1.32.7.0.255"] / 100, raw["1.1.31.7.0.255"] / 1000
    assert abs(voltage_v * current_a - raw["1.1.1.7.0.255"]) < 2


@given(TIMES, st.floats(0.0, 100_000.0))
def test_energy_only_rises_and_is_the_integral_of_the_power(now_s, later_s):
    before, after = household(now_s)["1.1.1.8.0.255"], household(now_s + later_s)["1.1.1.8.0.255"]
    assert after >= before
    assert after - before <= 2000 * later_s / 3600 + 2


def test_values_move_over_time():
    assert household(1_800_000_000.0) != household(1_800_000_060.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_meter_has_every_register_of_the_profile_of_its_name_and_a_value_for_each(kind):
    wanted = {register.obis for register in load_profile(kind).registers}
    specs = {spec.obis for spec in KINDS[kind].registers}
    assert {f"{a}-{b}:{c}.{d}.{e}" for a, b, c, d, e, _ in (obis.split(".") for obis in specs)} == wanted
    assert set(KINDS[kind].load(1_800_000_000.0)) == specs


def test_the_command_line_knows_the_same_kinds():
    assert tuple(KINDS) == command.KINDS


@given(TIMES)
def test_three_phases_add_up(now_s):
    raw = three_phase(now_s)
    watts = sum(raw[f"1.0.{n}.7.0.255"] * raw[f"1.0.{n - 1}.7.0.255"] / 100_000 for n in (32, 52, 72))
    assert abs(watts - raw["1.0.1.7.0.255"]) < 5
