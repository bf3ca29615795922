"""The time zone by which clocks that state none are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.clock.local_zone import local_zone

SUMMER = datetime(2026, 7, 1)  # noqa: DTZ001 - local


@pytest.mark.parametrize("name", ["Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"])
def test_tz_names_it(monkeypatch, name):
    monkeypatch.setenv("TZ", name)
    assert SUMMER.replace(tzinfo=local_zone()).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("name", ["CET-1CEST", "<-05>5", "Nowhere/Else", "../../etc/passwd", "/etc/passwd", "/"])
def test_a_name_of_no_zone_stops_nothing(monkeypatch, name):
    monkeypatch.setenv("TZ", name)
    assert local_zone() is UTC
