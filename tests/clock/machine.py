"""A machine of our own for a real bridge: its wall clock is set, its boots are ours, a time service comes and goes.

libfaketime gives the process another CLOCK_REALTIME, which can be stepped while it runs; a time namespace another
CLOCK_BOOTTIME; a mount namespace another boot id and another ``/run/systemd/timesync``. The kernel alone is the real
one: where it says that the clock is synchronised, the bridge hears it, and these tests cannot be run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from bridge.clock.machine import is_synchronised

_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
_SETUP = """
mount --bind "$0/boot_id" /proc/sys/kernel/random/boot_id
mount -t tmpfs none /run
mkdir -p /run/systemd/timesync
mount --bind "$0/timesync" /run/systemd/timesync
export LD_PRELOAD="$1"
shift
exec "$@"
"""


def cannot() -> str:
    """Return why there can be no such machine here; empty when there can."""
    if _LIBRARY is None:
        return "libfaketime is not here: apt-get install faketime"
    if is_synchronised():
        return "this machine's own clock is synchronised, and a process cannot be made to hear otherwise"
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "a boot of its own takes root and unshare"
    tried = subprocess.run(
        ["unshare", "--mount", "--time", "--boottime", "1", "--fork", "true"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else f"no namespaces here: {tried.stderr.decode().strip()}"


class Machine:
    """The machine, with one bridge on it.

    Args:
        folder: for its state.
        environ: the bridge's settings.
        off_s: how far its wall clock is off.
        up_s: for how long it runs already.
    """

    def __init__(self, folder: Path, environ: dict[str, str], *, off_s: float, up_s: float) -> None:
        self.folder = folder / "machine"
        (self.folder / "timesync").mkdir(parents=True)
        self.log = folder / "log"
        self._environ = environ
        self.process: subprocess.Popen[bytes] | None = None
        self._boot(off_s=off_s, up_s=up_s)

    def _boot(self, *, off_s: float, up_s: float) -> None:
        (self.folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        (self.folder / "timesync/synchronized").unlink(missing_ok=True)
        self._boottime_s = round(up_s - time.clock_gettime(time.CLOCK_BOOTTIME))
        self.set_clock(off_s)

    def set_clock(self, off_s: float) -> None:
        """Step the wall clock: so many seconds from the true time."""
        new = self.folder / "offset.new"
        new.write_text(f"{off_s:+.6f}")
        new.rename(self.folder / "offset")

    def synchronise(self) -> None:
        """A time service has set the clock."""
        self.set_clock(0)
        (self.folder / "timesync/synchronized").touch()

    def start(self, **environ: str) -> None:
        """Start the bridge."""
        command = [
            "unshare", "--mount", "--time", "--boottime", str(self._boottime_s), "--fork", "--kill-child=KILL",
            "sh", "-ec", _SETUP, str(self.folder), str(_LIBRARY), sys.executable, "-m", "bridge",
        ]  # fmt: skip
        faked = {
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "offset"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._environ | faked | environ, stdout=log, stderr=log, start_new_session=True
            )

    def power_cut(self, *, off_s: float, up_s: float = 3.0) -> None:
        """Cut the power; the machine comes up again with another wall clock."""
        self.kill()
        self._boot(off_s=off_s, up_s=up_s)

    def kill(self) -> None:
        """End the bridge without a word."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
