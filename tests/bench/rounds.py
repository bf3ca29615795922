"""How a benchmark commands a reader in a process of its own: associate, read so many cycles, release.

Both readers, gurux-dlms and the bridge's own, answer the same commands, so that they are measured by the same clock:
user and system time of the process, taken by the process itself around its cycles and nothing else.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Any, Self

REPEATING_CYCLES = 8
"""After so many cycles of ten requests, in lists or not, sequence numbers and invoke-ids begin anew."""
WARM_CYCLES = 24
READER_CPU, LOAD_CPU = 0, 1


@dataclass(frozen=True, slots=True)
class Row:
    """What is read, and how."""

    key: str
    title: str
    framing: str
    ciphered: bool = False
    lists: bool = False


ROWS = (
    Row("hdlc", "HDLC, a request each", "hdlc"),
    Row("wrapper", "wrapper, a request each", "wrapper"),
    Row("hdlc_list", "HDLC, ten in one list", "hdlc", lists=True),
    Row("wrapper_list", "wrapper, ten in one list", "wrapper", lists=True),
    Row("hdlc_ciphered", "HDLC, suite 0, a request each", "hdlc", ciphered=True),
    Row("wrapper_ciphered", "wrapper, suite 0, a request each", "wrapper", ciphered=True),
    Row("hdlc_ciphered_list", "HDLC, suite 0, ten in one list", "hdlc", ciphered=True, lists=True),
    Row("wrapper_ciphered_list", "wrapper, suite 0, ten in one list", "wrapper", ciphered=True, lists=True),
)


class Reads(Protocol):
    """One kind of reader, inside its process."""

    def associate(self, row: Row, port: int, meters: int) -> None:
        """Connect to so many meters, associate and read the scalers."""

    def cycles(self, count: int) -> list[float]:
        """Read all registers of every meter so many times, all meters at once; return the last values of one."""

    def release(self) -> None:
        """Release the association and close."""


def obey(reads: Reads) -> None:
    """Carry out the commands on standard input until it ends.

    Whatever is printed meanwhile goes to /dev/null; the answers go where standard output went before.
    """
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if command["do"] == "associate":
            reads.associate(Row(**command["row"]), command["port"], command["meters"])
            reads.cycles(WARM_CYCLES)
        elif command["do"] == "read":
            before, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
            answer["values"] = reads.cycles(command["cycles"])
            after = resource.getrusage(resource.RUSAGE_SELF)
            answer["wall_s"] = time.perf_counter() - began_s
            answer["user_s"] = after.ru_utime - before.ru_utime
            answer["cpu_s"] = answer["user_s"] + after.ru_stime - before.ru_stime
        else:
            reads.release()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Child:
    """A process that answers each line on its standard input with a line of JSON; ends with the context.

    Args:
        module: what ``python -m`` runs.
        arguments: its arguments.
        cpu: which processor it runs on, where there is more than one.
    """

    def __init__(self, module: str, *arguments: str, cpu: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        pin(self.process.pid, cpu)

    def hear(self) -> Any:
        """Return the next line that it says.

        Raises:
            ChildProcessError: it ended; what it wrote on standard error says why.
        """
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.process.args[2]} ended with {self.process.wait()}")
        return json.loads(line)

    def tell(self, line: str) -> Any:
        """Command it, and return its answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Commanded(Child):
    """A reader's process, from outside."""

    def associate(self, row: Row, port: int, meters: int) -> None:
        """See :class:`Reads`; also reads some cycles to warm up."""
        self.tell(json.dumps({"do": "associate", "row": asdict(row), "port": port, "meters": meters}))

    def read(self, cycles: int) -> dict[str, Any]:
        """Read so many cycles: ``cpu_s``, of it ``user_s``, ``wall_s`` and the last ``values``."""
        return self.tell(json.dumps({"do": "read", "cycles": cycles}))

    def release(self) -> None:
        """See :class:`Reads`."""
        self.tell(json.dumps({"do": "release"}))


def pin(pid: int, cpu: int) -> None:
    """Keep a process on one processor, so that reader and load do not take each other's time."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) > cpu:
        os.sched_setaffinity(pid, {usable[cpu]})
