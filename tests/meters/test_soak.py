"""The soak in short: twenty seconds of a few meters. In full: ``python -m tests.meters.soak``."""

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(180)
def test_meters_are_read_beside_sick_ones_with_no_wrong_value_and_nothing_left_behind():
    command = [sys.executable, "-m", "tests.meters.soak", "--meters", "40", "--minutes", "0.34", "--interval", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert "{" in done.stdout, done.stdout + done.stderr
    figures = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    # How late they are depends on what else this machine does: that is the long run's to report.
    for name in ("wrong values", "not read again", "dead tasks", "links left open", "tasks left"):
        assert not figures[name], figures
    files = figures["open files"]
    assert files["when all are well"] <= files["when all began"], figures
    assert figures["well"]["meters"] == 18
    assert figures["samples"]["well"] > 100
    assert sum(figures["faults struck"].values()) > 10
