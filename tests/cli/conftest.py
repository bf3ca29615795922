"""What the tests that plant faults for the doctor share."""

from __future__ import annotations

import time

import pytest

from bridge.outbox.store import Store


@pytest.fixture
def watch(monkeypatch):
    """How long a session is watched; shorter, but where it is what counts."""

    def seconds(how_long: float) -> None:
        monkeypatch.setattr("bridge.cli.doctor.upstream._WATCH_S", how_long)

    seconds(0.3)
    return seconds


@pytest.fixture
def outbox(tmp_path):
    """Put samples into the outbox's file, so old that the bridge has been away for so long."""

    def fill(ago_s: float, count: int = 3):
        store = Store(tmp_path / "data" / "outbox.db", max_bytes=10_000_000)
        now_ms = round((time.time() - ago_s) * 1000)
        body = '{"voltage_l1":{"value":1,"unit":"V"}}'
        store.append([(number + 1, "main", now_ms + number, body, "main") for number in range(count)])
        store.close()
        return tmp_path / "data" / "outbox.db"

    return fill
