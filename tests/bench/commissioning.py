"""How long a new user needs from ``bridge probe`` to the first sample, typed as the README says, with the demo meter.

    .venv/bin/python tests/bench/commissioning.py [RUNS]

Three real processes: the demo meter, ``bridge probe``, and ``bridge run`` with the lines that the probe printed. What
nobody can measure here is how fast somebody copies nine lines into a file. There is no broker and no ThingsBoard: a
sample counts when the bridge has read it, which is when its line is in the log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PASSWORD = "12345678"
ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    probes, samples, totals = [], [], []
    for framing in ("hdlc", "wrapper"):
        for _ in range(runs):
            probe_s, sample_s = once(framing)
            probes.append(probe_s)
            samples.append(sample_s)
            totals.append(probe_s + sample_s)
            print(f"{framing:8} probe {probe_s:5.2f} s   bridge run to first sample {sample_s:5.2f} s", flush=True)
    print(f"medians of {len(totals)}: probe {median(probes):.2f} s, first sample {median(samples):.2f} s after that")
    print(f"from probe to first sample: median {median(totals):.2f} s, worst {max(totals):.2f} s")


def once(framing: str) -> tuple[float, float]:
    """Return the seconds that the probe took, and those from the start of the bridge to its first sample."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": folder, "LANG": "C"}
        meter = bridge("demo-meter", "--port", "0", "--framing", framing, "--public", environ=environ)
        try:
            port = first_match(meter, r"on 127\.0\.0\.1:(\d+)")
            began_s = time.perf_counter()
            probe = bridge("probe", f"127.0.0.1:{port}", "--password", "-", environ=environ, stdin=f"{PASSWORD}\n")
            printed, _ = probe.communicate(timeout=_PATIENCE_S)
            probed_s = time.perf_counter()
            lines = [line.partition("=") for line in printed.splitlines() if line.startswith("METERS__")]
            settings = {name: value for name, _, value in lines}
            settings |= {name: PASSWORD for name in settings if name.endswith("__PASSWORD")}
            settings |= {"BROKER__HOST": "127.0.0.1", "BROKER__PORT": "1", "HEALTH__PORT": free_port()}
            began_to_read_s = time.perf_counter()
            running = bridge("run", environ=environ | settings)
            try:
                first_match(running, r"\| V: ([\d.]+) V \|")
                return probed_s - began_s, time.perf_counter() - began_to_read_s
            finally:
                end(running)
        finally:
            end(meter)


def bridge(*arguments: str, environ: dict[str, str], stdin: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *arguments],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    if stdin:
        process.stdin.write(stdin)
        process.stdin.flush()
    return process


def first_match(process: subprocess.Popen[str], pattern: str) -> str:
    """Return what ``pattern`` finds in the first line of the process that has it."""
    assert process.stdout is not None
    deadline_s = time.monotonic() + _PATIENCE_S
    seen = []
    for line in process.stdout:
        seen.append(line)
        if found := re.search(pattern, line):
            return found[1]
        if time.monotonic() > deadline_s:
            break
    raise SystemExit(f"{pattern!r} never came:\n{''.join(seen)}")


def free_port() -> str:
    import socket  # noqa: PLC0415

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=_PATIENCE_S)


if __name__ == "__main__":
    main()
