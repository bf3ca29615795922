"""What OBIS codes mean, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.objects.obis_meanings import obis_name


@pytest.mark.parametrize(
    ("code", "english", "spanish"),
    [
        ("1.0.1.8.0.255", "active energy import (+P)", "energía activa importada (+P)"),
        ("1.0.1.8.2.255", "active energy import (+P), tariff 2", "energía activa importada (+P), tarifa 2"),
        ("1.0.2.7.0.255", "active power export (-P)", "potencia activa exportada (-P)"),
        ("1.1.32.7.0.255", "voltage L1", "tensión L1"),
        ("1.0.71.7.0.255", "current L3", "corriente L3"),
        ("1.0.41.8.0.255", "active energy import (+P) L2", "energía activa importada (+P) L2"),
        (
            "1.0.1.6.1.255",
            "active power import (+P), maximum, tariff 1",
            "potencia activa importada (+P), máximo, tarifa 1",
        ),
        ("1.0.31.7.5.255", "current L1, harmonic 5", "corriente L1, armónico 5"),
        ("1.0.81.7.40.255", "angle U(L1) to I(L1)", "ángulo de U(L1) a I(L1)"),
        ("1.2.1.8.0.255", "active energy import (+P), channel 2", "energía activa importada (+P), canal 2"),
        (
            "1.0.1.8.0.101",
            "active energy import (+P), billing periods back: 1",
            "energía activa importada (+P), períodos atrás: 1",
        ),
        ("1.0.99.1.0.255", "load profile 1", "perfil de carga 1"),
        ("0.0.1.0.0.255", "clock", "reloj"),
        ("0.0.96.1.0.255", "serial number", "número de serie"),
        ("0.0.99.98.1.255", "event log: fraud", "registro de eventos: fraude"),
        ("0.0.43.1.0.255", "invocation counter", "contador de invocación"),
        ("0.1.24.2.1.255", "M-Bus value, channel 1", "valor M-Bus, canal 1"),
        ("7.0.3.0.0.255", "gas", "gas"),
        ("1.0.200.200.0.255", "", ""),
        ("0.128.96.99.3.255", "", ""),
    ],
)  # fmt: skip
def test_codes_have_their_names(code, english, spanish):
    assert obis_name(code) == english
    assert obis_name(code, "es") == spanish


@given(st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_every_code_has_a_name_in_both_languages_or_in_none(groups):
    code = ".".join(map(str, groups))
    assert bool(obis_name(code)) == bool(obis_name(code, "es"))
    assert "{" not in obis_name(code) + obis_name(code, "es")
