"""How often the bridge was started on this data volume: the number that a restart loop cannot hide."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def count_start(data_dir: Path) -> int:
    """Count one more start and return how many there were before it.

    A figure that cannot be read or written is no reason not to start: the count then begins anew.
    """
    file = data_dir / "starts"
    before = 0
    with suppress(OSError, ValueError):
        before = max(0, int(file.read_text(encoding="ascii")))
    with suppress(OSError):
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{before + 1}\n", encoding="ascii")
    return before
