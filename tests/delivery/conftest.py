"""What the delivery wing's tests share: samples, and an outbox in a folder of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from bridge.delivery.outbox import Outbox
from bridge.health.metrics import Metrics
from bridge.sample import Sample, Value
from bridge.settings import OutboxSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def sample(ts_ms: int, meter: str = "main", **values) -> Sample:
    values = values or {"voltage_l1": 127.4, "active_energy": 56348}
    return Sample(meter, ts_ms, tuple(Value(key, f"1-1:{key}", value, "V") for key, value in values.items()))


def figure(counter) -> float:
    return counter._value.get()


@pytest.fixture(autouse=True, scope="session")
def _quiet():
    """A line for each of a hundred thousand samples belongs on nobody's screen; tests that read the log add to it."""
    with contextlib.suppress(ValueError):
        logger.remove(0)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def outbox_at(metrics) -> AsyncIterator[Callable[..., Outbox]]:
    made = []

    def make(path: Path, **settings) -> Outbox:
        settings = {"commit_interval": 0.01, **settings}
        outbox = Outbox(path, settings=OutboxSettings(**settings), metrics=metrics, clock=lambda: 1_700_000_000.0)
        made.append(outbox)
        return outbox

    yield make
    for outbox in made:
        await outbox.close()
