"""A short run of the fuzzing, always of the same cases; the long one is a command (see tests/README.md)."""

import json
import subprocess
import sys


def test_bent_frames_and_conversations_do_no_harm():
    done = subprocess.run(
        [sys.executable, "-m", "tests.meters.fuzz", "--count", "10000000", "--seconds", "15", "--seed", "3"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["cases"] > 2_000
    assert said["faults"] == 0
    assert done.stderr == ""
