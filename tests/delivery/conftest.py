"""What the delivery wing's tests share: samples, and a counter's figure."""

from __future__ import annotations

import contextlib

import pytest
from loguru import logger

from bridge.delivery.metrics import DeliveryMetrics
from bridge.sample import Sample, Value


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
def metrics() -> DeliveryMetrics:
    return DeliveryMetrics()


@pytest.fixture
def lines():
    """The log from INFO up, as it is written."""
    said = []
    number = logger.add(lambda message: said.append(str(message).strip()), level="INFO", format="{level} {message}")
    yield said
    logger.remove(number)
