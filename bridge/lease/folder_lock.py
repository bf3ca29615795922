"""Whose the data folder is now: of one process, by locks that end with it whatever becomes of it.

Two files and nothing in them. Who has the folder holds the lock on the first. A bridge that wants it holds the lock on
the second: what only drains the folder sees that, and goes (:meth:`FolderLock.is_wanted`).

Where the disk takes no lock file there is no lock: meters are read whatever the disk does.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HELD, WANTED = "in-use.lock", "wanted.lock"


class FolderLock:
    """The lock on a data folder.

    Args:
        folder: that; made when absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None
        self._wanting: int | None = None

    def take(self) -> bool:
        """Take the folder if nobody has it; return whether it is this process's now. Never waits."""
        if self._held is None:
            self._held = _locked(self._folder, HELD)
        return self._held is not None

    def want(self) -> None:
        """Have whoever only drains the folder go; until :meth:`give_back`, or until it was taken and no more wanted."""
        if self._wanting is None:
            self._wanting = _locked(self._folder, WANTED)

    def want_no_more(self) -> None:
        """Take that back."""
        _close(self._wanting)
        self._wanting = None

    def is_wanted(self) -> bool:
        """Whether another process wants it."""
        found = _locked(self._folder, WANTED)
        _close(found)
        return found is None

    def give_back(self) -> None:
        """Let go of it."""
        self.want_no_more()
        _close(self._held)
        self._held = None


_NOWHERE = -1
"""No file, for the disk takes none; as good as locked."""


def _locked(folder: Path, name: str) -> int | None:
    """Return an open file that is locked; None when another process has it locked."""
    if sys.platform == "win32":
        return _NOWHERE
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return _NOWHERE
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        return _NOWHERE
    return file


def _close(file: int | None) -> None:
    if file is not None and file != _NOWHERE:
        with suppress(OSError):
            os.close(file)
