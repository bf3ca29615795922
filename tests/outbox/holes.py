"""An outbox with a hole in it, and what can still be read of one."""

from __future__ import annotations

import shutil

from tests.outbox.cut_short import opened
from tests.outbox.test_store import filled, stamps


def holed(path, batches: int = 8) -> set[int]:
    """An outbox with a hole; return the time stamps that can be read of it."""
    filled(path, batches)
    page = path.stat().st_size // 4096 // 2
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\0" * 4096)
    copy = path.with_name("whole.db")
    shutil.copy(path, copy)
    store = opened(copy)
    kept = set(stamps(store))
    store.close()
    for one in path.parent.glob("whole*"):
        one.unlink()
    return kept


def left(path) -> set[int]:
    store = opened(path)
    kept = set(stamps(store))
    store.close()
    return kept
