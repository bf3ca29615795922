"""The soak in short: twenty seconds of a few meters. In full: ``python -m tests.meters.soak``."""

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(180)
def test_healthy_meters_are_on_time_beside_sick_ones_and_nothing_is_left_behind():
    command = [sys.executable, "-m", "tests.meters.soak", "--meters", "40", "--minutes", "0.34", "--interval", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    assert figures["well"]["meters"] == 18
    assert figures["samples"]["well"] > 300
    assert sum(figures["faults struck"].values()) > 10
