"""The files that remember which secrets went out: one per meter, read each time, always rewritten whole.

Several processes share them, under one lock. ``refused_secrets.py`` says what is in them; no secret is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from bridge.meters.earlier_refusals import earlier_refusals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SecretFiles:
    """The files of one data volume.

    Args:
        folder: where they lie; None keeps all of it in memory.
        forgiving: whether what cannot be written is kept in memory.
    """

    def __init__(self, folder: Path | None, *, forgiving: bool) -> None:
        self._folder = folder
        self._forgiving = forgiving
        self._lock = threading.Lock()  # meters of one process are asked on several threads
        self._unwritten: dict[str, dict[str, Any]] = {}

    @property
    def are_on_disk(self) -> bool:
        """Whether an answer may wait for the disk."""
        return self._folder is not None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other processes and threads out, where a lock file can be made."""
        with self._lock:
            if self._folder is None:
                yield
                return
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = (self._folder / ".lock").open("w")
            except OSError:  # then nothing can be written either, which is found when it is
                yield
                return
            with lock:
                if sys.platform != "win32":
                    import fcntl  # noqa: PLC0415 - Windows has none

                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    def read(self, meter: str) -> dict[str, Any]:
        """Return what is known of the meter; nothing when the file is missing or makes no sense."""
        if meter in self._unwritten:
            return self._unwritten[meter]
        if self._folder is not None:
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return _sound(json.loads((self._folder / _file_name(meter)).read_text(encoding="ascii")))
        sent = [] if self._folder is None or self._is_there(meter) else earlier_refusals(self._folder.parent, meter)
        return {"salt": secrets.token_hex(16), "right": {}, "sent": sent}

    def _is_there(self, meter: str) -> bool:
        return self._folder is not None and (self._folder / _file_name(meter)).exists()

    def write(self, meter: str, known: dict[str, Any], *, lasting: bool = False) -> bool:
        """Write what is known; return whether it is kept."""
        if self._folder is None:
            self._unwritten[meter] = known
            return True
        file = self._folder / _file_name(meter)
        new = file.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("w", encoding="ascii") as out:
                json.dump(known, out)
                if lasting:
                    out.flush()
                    os.fsync(out.fileno())
            new.replace(file)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            if self._forgiving:
                self._unwritten[meter] = known
            return False
        self._unwritten.pop(meter, None)
        return True


def _sound(known: Any) -> dict[str, Any]:
    """Return what was read from a file, validated; raises whatever a malformed one causes."""
    sent = [
        {"client": str(one["client"]), "print": str(one["print"]), "spoken": bool(one["spoken"]),
         "boot": str(one["boot"]), "up_s": float(one["up_s"]), "at_s": float(one["at_s"])}
        for one in known["sent"]
    ]  # fmt: skip
    return {"salt": str(known["salt"]), "right": dict(known["right"]), "sent": sent}


def _file_name(meter: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "_", meter) + ".json"
