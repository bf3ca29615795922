"""What the outbox's tests share: an outbox in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from bridge.configuration.settings import OutboxSettings
from bridge.outbox.outbox import Outbox
from bridge.sample import Sample, Value
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.broker import listener, running_broker
from tests.fakes.programs import missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bridge.outbox.age import AgeClock


def sample(ts_ms: int, meter: str = "main", **values) -> Sample:
    values = values or {"voltage_l1": 127.4, "active_energy": 56348}
    return Sample(meter, ts_ms, tuple(Value(key, f"1-1:{key}", value, "V") for key, value in values.items()))


@pytest.fixture(autouse=True, scope="session")
def _quiet():
    """A line for each of a hundred thousand samples belongs on nobody's screen; tests that read the log add to it."""
    with contextlib.suppress(ValueError):
        logger.remove(0)


@pytest.fixture
async def outbox_at() -> AsyncIterator[Callable[..., Outbox]]:
    made = []

    def make(
        path: Path, *, destination: str = "local", devices=None, age: AgeClock | None = None, **settings
    ) -> Outbox:
        outbox = Outbox(
            path,
            settings=OutboxSettings(**{"commit_interval": 0.01, **settings}),
            destination=destination,
            devices=devices,
            clock=lambda: 1_700_000_000.0,
            age=age,
        )
        made.append(outbox)
        return outbox

    yield make
    for outbox in made:
        await outbox.close()


@pytest.fixture
def arrived() -> list[tuple[str, bytes, bool]]:
    """What arrives at the broker of :func:`stack`: topic, payload, retained."""
    return []


@pytest.fixture
def stack(tmp_path, arrived):
    """A whole bridge, not started yet."""
    with (
        running_broker(tmp_path) as broker,
        listener(broker.port, "v1/#", "meters/#", on_message=lambda *message: arrived.append(message)),
    ):
        made = BridgeProcess(tmp_path, broker)
        yield made
        made.kill()


@contextlib.asynccontextmanager
async def running(outbox):
    await outbox.open()
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message).strip()), level="DEBUG", format="{level} {message}")
    yield said
    logger.remove(number)


async def stamps(outbox, **bounds):
    return [row.ts_ms for row in await outbox.fetch(limit=10**6, **bounds)]


@pytest.fixture
def disk_of(tmp_path):
    """Makes a file system of this size; only root can."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def make(size: str):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            missing("only root can mount a small disk")
        return folder

    yield make
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", folder], check=True)  # a test that failed may have files open
