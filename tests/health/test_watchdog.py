"""A hung loop ends the process; a busy one does not."""

import asyncio
import subprocess
import sys
import threading

from bridge.health.metrics import Metrics
from bridge.health.watchdog import HUNG_EXIT_CODE, Watchdog


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_loop_that_is_silent_too_long_ends_the_process():
    clock, ended = Clock(), threading.Event()
    watchdog = Watchdog(Metrics(), patience_s=60, end=ended.set, clock_s=clock)
    watchdog._stopped.wait = lambda _: False  # the second passes at once
    clock.now_s += 61
    watchdog.watch()
    assert ended.is_set()


def test_a_loop_that_beats_is_left_alone():
    clock, ended, looks = Clock(), threading.Event(), []
    watchdog = Watchdog(Metrics(), patience_s=60, end=ended.set, clock_s=clock)

    def wait(_):
        looks.append(clock.now_s)
        clock.now_s += 1
        watchdog._last_beat_s = clock.now_s
        return len(looks) > 100

    watchdog._stopped.wait = wait
    watchdog.watch()
    assert not ended.is_set()


async def test_the_beat_shows_how_late_the_loop_is():
    metrics, clock = Metrics(), Clock()
    watchdog = Watchdog(metrics, clock_s=clock)
    task = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0)
    clock.now_s += 3.5
    async with asyncio.timeout(10):
        while not metrics.registry.get_sample_value("dlms_bridge_event_loop_lag_seconds"):
            await asyncio.sleep(0.05)
    assert metrics.registry.get_sample_value("dlms_bridge_event_loop_lag_seconds") == 2.5
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert watchdog._stopped.is_set()


def test_a_process_whose_loop_hangs_really_ends_with_its_exit_code_and_shows_where_it_hung():
    hung = (
        "import asyncio, time\n"
        "from bridge.health.metrics import Metrics\n"
        "from bridge.health.watchdog import Watchdog\n"
        "async def main():\n"
        "    task = asyncio.create_task(Watchdog(Metrics(), patience_s=1).run())\n"
        "    await asyncio.sleep(0.01)\n"
        "    time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", hung], capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == HUNG_EXIT_CODE
    assert "hung" in ended.stderr
    assert "in main" in ended.stderr
