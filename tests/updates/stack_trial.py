"""A trial, no test: the stack that users get, updated from an older checkout, taken back and updated again with Docker.

    python -m tests.updates.stack_trial /tmp/old

builds both images, starts the older stack on the double of ThingsBoard, takes that away, goes to this one, back, and to
this one again, while samples wait. Then the double comes back. Prints what was accepted and what is missing; exit code
1 where anything is. Each checkout's own compose file, broker and image are used; the volumes are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.stack import stack as stacks
from tests.stack.stack import Stack, docker, eventually
from tests.stack.thingsboard import ENV, ThingsBoard

IMAGE = "dlms-bridge:under-test"
SERVICES = ("bridge", "mosquitto")
ENOUGH = 20


class Trial:
    """Two checkouts of one project, of which one runs at a time.

    Args:
        folder: empty.
        tops: the checkouts, by the words that they are called here.
        is_built: whether ``dlms-bridge:trial-older`` and ``:trial-newer`` are there already.
    """

    def __init__(self, folder: Path, tops: dict[str, Path], *, is_built: bool) -> None:
        self.accepted: set[tuple[str, int]] = set()
        self.gaps_s: list[float] = []
        self.stacks: dict[str, Stack] = {}
        self._running = ""
        for name, top in tops.items():
            stacks.TOP = top
            (folder / name).mkdir()
            self.stacks[name] = Stack(folder / name, f"dlms-trial-{os.getpid()}", ENV)
            if not is_built:
                self.stacks[name].compose("build", "bridge", timeout_s=900)
                docker("tag", IMAGE, f"dlms-bridge:trial-{name}")

    def go_to(self, name: str) -> None:
        """Stop what runs, note all that it accepted, and start the other one on the same volumes."""
        newest_ms = 0
        if self._running:
            before = self.stacks[self._running]
            before.compose("stop", "bridge")
            self.accepted |= before.committed()
            newest_ms = max(ts_ms for _, ts_ms in self.accepted)
        docker("tag", f"dlms-bridge:trial-{name}", IMAGE)
        self.stacks[name].up(*SERVICES)
        self._running = name
        read = eventually(lambda: len(found := self.committed()) >= ENOUGH and found, f"{name} reads", within_s=180)
        if newest_ms:
            self.gaps_s.append((min(ts_ms for _, ts_ms in read) - newest_ms) / 1000)

    def committed(self) -> set[tuple[str, int]]:
        """What the running one said that it has on disk."""
        return self.stacks[self._running].committed()


def main() -> int:
    """Run it; return the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("older", type=Path, help="the older checkout")
    arguments.add_argument("--built", action="store_true", help="dlms-bridge:trial-older and :trial-newer are there")
    given = arguments.parse_args()
    here = stacks.TOP
    with tempfile.TemporaryDirectory() as folder:
        tops = {"older": given.older.resolve(), "newer": here}
        trial = Trial(Path(folder), tops, is_built=given.built)
        compose = (here / "docker-compose.yml").read_text(encoding="utf-8")
        image = next(word for word in compose.split() if word.startswith("eclipse-mosquitto:"))
        upstream = ThingsBoard(Path(folder) / "thingsboard", f"dlms-trial-{os.getpid()}-thingsboard", image)
        try:
            trial.go_to("older")
            upstream.join(f"{trial.stacks['older'].project}_broker")
            eventually(lambda: len(upstream.received()) >= 5, "samples flow", within_s=180)
            docker("kill", upstream.name)
            for name in ("newer", "older", "newer"):
                time.sleep(5)  # samples come in, and wait
                trial.go_to(name)
            docker("start", upstream.name)
            trial.accepted |= trial.committed()
            eventually(lambda: trial.accepted <= upstream.received(), "all that was accepted", within_s=240)
        finally:
            missing = trial.accepted - upstream.received()
            figures = {"accepted": len(trial.accepted), "missing": len(missing), "live gaps, s": trial.gaps_s}
            print(json.dumps(figures))
            trial.stacks["newer"].down()
            upstream.close()
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
