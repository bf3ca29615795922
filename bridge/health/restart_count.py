"""How often the bridge was started on this data volume: a restart loop cannot hide from it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def count_start(data_dir: Path) -> int:
    """Count one more start and return how many there were before it.

    A count that cannot be read or written is no reason not to start: it begins at zero again.
    """
    file = data_dir / "starts"
    before = 0
    with suppress(OSError, ValueError):
        before = max(0, int(file.read_text(encoding="ascii")))
    with suppress(OSError):
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{before + 1}\n", encoding="ascii")
    return before
