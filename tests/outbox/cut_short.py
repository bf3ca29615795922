"""A process that opens an outbox and is killed after so many steps: at any line of the outbox's own code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bridge import outbox
from bridge.outbox import salvage
from bridge.outbox.sqlite_errors import Damaged
from bridge.outbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN = str(Path(outbox.__file__).parent)
MAX_BYTES = 100_000_000


def opened(path: Path, now_s: float = 0) -> Store:
    """Open the outbox as the disk's thread does: a salvage that was cut short goes on, a damaged file is salvaged."""
    salvage.resume(path)
    try:
        salvage.look_for_orphan(path)
        return Store(path, max_bytes=MAX_BYTES)
    except Damaged:
        salvage.salvage(path, max_bytes=MAX_BYTES, now_s=now_s)
        return Store(path, max_bytes=MAX_BYTES)


def steps(path: Path) -> int:
    """How many steps it takes to open the outbox."""
    return _in_a_process(path, None)


def cut(path: Path, after: int) -> None:
    """Open the outbox and be killed after so many steps."""
    _in_a_process(path, after)


def _in_a_process(path: Path, after: int | None) -> int:
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which this one does not use
        child = os.fork()
    if not child:
        os._exit(_life(path, after, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        count = int(told.read() or 0)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, -signal.SIGKILL), ended
    return count


def _life(path: Path, after: int | None, told: int) -> int:
    count = 0

    def step(frame, event, _) -> Callable[..., object] | None:
        nonlocal count
        if not frame.f_code.co_filename.startswith(_OWN):
            return None
        if event == "line":
            count += 1
            if after is not None and count > after:
                os.kill(os.getpid(), signal.SIGKILL)
        return step

    sys.settrace(step)
    try:
        opened(path)._db.close()
    except BaseException:  # noqa: BLE001 - this is the whole of a forked process
        sys.settrace(None)
        traceback.print_exc()
        return 1
    sys.settrace(None)
    os.write(told, str(count).encode())
    return 0
