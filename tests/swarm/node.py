"""A machine with a Docker daemon of its own: it can lose its power, stand still, be cut off, and come back.

It is a process namespace, with a network, a host name, a /run and a data folder of its own. Its first process is its
power: once that is killed, the kernel kills all others at once, daemon and containers alike, and nothing is told.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stack.stack import eventually

if TYPE_CHECKING:
    from tests.swarm.lan import Lan

_FIRST_PROCESS = """\
hostname "$1"
mount -t tmpfs tmpfs /run
dockerd --host "unix://$2/docker.sock" --data-root "$2/data" --exec-root /run/docker --pidfile /run/docker.pid \
    --cgroup-parent "$3" &
wait
"""
"""It waits, and takes in what has lost its parent, as a machine's first process does."""


class Node:
    """One machine, from :meth:`power_on` on.

    Args:
        lan: the network in which it has the address of its name.
        name: its host name, and the name that Swarm lists it under.
        folder: for its data; short, for the daemon's socket lies in it.
    """

    def __init__(self, lan: Lan, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.address = lan.plug_in(name)
        self._inside = lan.inside(name)
        self._cgroup = f"/dlms-swarm-{os.getpid()}-{name}"
        self._power: subprocess.Popen[bytes] | None = None
        self._stands_still = False
        folder.mkdir(parents=True)

    # What happens to it

    def power_on(self) -> None:
        """Start the daemon, and wait until it answers; what ran before a power cut, Docker deals with as it does."""
        space = ("unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
        # A test run that is killed takes its machines with it.
        dies_with_us = ("setpriv", "--pdeathsig", "KILL")
        shell = ("sh", "-c", _FIRST_PROCESS, "sh", self.name, str(self.folder), self._cgroup)
        with (self.folder / "dockerd.log").open("a") as log:
            self._power = subprocess.Popen(
                (*dies_with_us, *self._inside, *space, *shell), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        (self.folder / "docker.sock").unlink(missing_ok=True)
        eventually(self._answers, f"the Docker daemon of {self.name} answers; its log is {self.folder}/dockerd.log")

    def power_off(self) -> None:
        """Pull the plug: all of its processes are dead when this returns, and none was told before."""
        if self._power is None:
            return
        os.kill(self._first(), signal.SIGKILL)
        self._power.wait(30)
        self._power = None

    def stand_still(self) -> None:
        """Stop every process of it, as a hypervisor does that pauses a machine; TCP connections stay open."""
        self._stands_still = True
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        if self._stands_still:
            self._signal(signal.SIGCONT)
            self._stands_still = False

    def close(self) -> None:
        """End it, and delete what it left."""
        self.power_off()
        for base in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()):
            for left in sorted(base.glob(f"{self._cgroup[1:]}/**/"), reverse=True):
                left.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What can be asked of it

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._power is not None

    @property
    def is_running(self) -> bool:
        """Whether it has power and does not stand still."""
        return self.is_on and not self._stands_still

    def docker(self, *arguments: str, check: bool = True, timeout_s: float = 120) -> str:
        """Run ``docker`` against its daemon and return what was printed, on either stream.

        Raises:
            AssertionError: it failed, and ``check`` was asked for.
        """
        done = subprocess.run(
            ("docker", "--host", f"unix://{self.folder}/docker.sock", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert not check or done.returncode == 0, f"{self.name}: docker {' '.join(arguments)}: {done.stdout}"
        return done.stdout

    def containers(self, name: str) -> list[str]:
        """Names of its running containers whose name begins with ``name``."""
        found = self.docker("ps", "--format", "{{.Names}}", "--filter", f"name=^{name}", check=False)
        return found.split()

    def _answers(self) -> bool:
        assert self._power is not None
        assert self._power.poll() is None, (self.folder / "dockerd.log").read_text()[-2000:]
        return "Server Version" in self.docker("info", check=False)

    def _first(self) -> int:
        assert self._power is not None
        return int(Path(f"/proc/{self._power.pid}/task/{self._power.pid}/children").read_text().split()[0])

    def _signal(self, number: signal.Signals) -> None:
        """Signal every process of the machine but none outside; again until none was born meanwhile."""
        space, told = Path(f"/proc/{self._first()}/ns/pid").stat().st_ino, -1
        reached: set[int] = set()
        while told != len(reached):
            told = len(reached)
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit() or int(entry.name) in reached:
                    continue
                try:
                    if (entry / "ns/pid").stat().st_ino == space:
                        os.kill(int(entry.name), number)
                        reached.add(int(entry.name))
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    pass  # it ended, or is nobody's business
