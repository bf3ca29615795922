"""A hung loop ends the process; a busy one does not."""

import asyncio
import subprocess
import sys
import time

from bridge.health.process_metrics import ProcessMetrics
from bridge.health.watchdog import HUNG_EXIT_CODE, Watchdog

_HANGS = """
import asyncio, threading, time
from bridge.health.logs import set_up
from bridge.health.process_metrics import ProcessMetrics
from bridge.health.watchdog import Watchdog, _put_off
from bridge.configuration.settings import LogSettings
from loguru import logger

class Stuck:
    closed = False
    def isatty(self): return False
    def flush(self): pass
    def write(self, text): time.sleep(30)  # the other end of the log's pipe does not read

async def main():
    task = asyncio.create_task(Watchdog(ProcessMetrics(), patience_s=1).run())
    await asyncio.sleep(0.01)
    {hang}

asyncio.run(main())
"""


def hung(hang: str) -> tuple[subprocess.CompletedProcess[str], float]:
    began_s = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", _HANGS.format(hang=hang)], capture_output=True, text=True, timeout=50, check=False
    )
    return ended, time.monotonic() - began_s


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


async def test_every_beat_puts_the_end_off_and_the_end_of_the_beat_takes_it_back():
    said = []
    watchdog = Watchdog(
        ProcessMetrics(), patience_s=60, put_off=said.append, take_back=lambda: said.append("taken back")
    )
    task = asyncio.create_task(watchdog.run())
    async with asyncio.timeout(10):
        while len(said) < 2:
            await asyncio.sleep(0.05)
    assert said == [60, 60]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert said[-1] == "taken back"


async def test_the_beat_shows_how_late_the_loop_is():
    metrics, clock = ProcessMetrics(), Clock()
    watchdog = Watchdog(metrics, put_off=lambda _: None, clock_s=clock)
    task = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0)
    clock.now_s += 3.5
    async with asyncio.timeout(10):
        while not metrics.registry.get_sample_value("dlms_bridge_event_loop_lag_seconds"):
            await asyncio.sleep(0.05)
    assert metrics.registry.get_sample_value("dlms_bridge_event_loop_lag_seconds") == 2.5
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_process_whose_loop_hangs_really_ends_and_shows_where_it_hung():
    ended, _ = hung("time.sleep(60)")
    assert ended.returncode == HUNG_EXIT_CODE
    assert "Timeout" in ended.stderr
    assert "in main" in ended.stderr


def test_it_ends_even_when_the_log_is_what_hangs():
    ended, took_s = hung("set_up(LogSettings(), Stuck()); logger.info('a line that nobody reads')")
    assert ended.returncode == HUNG_EXIT_CODE
    assert "in write" in ended.stderr
    assert took_s < 25  # the line itself would have let go after 30 s


def test_putting_the_end_off_puts_the_real_one_off():
    ended, _ = hung("_put_off(3); _put_off(1000); time.sleep(4); raise SystemExit(7)")
    assert ended.returncode == 7
