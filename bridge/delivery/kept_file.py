"""Kept file: what must outlive a restart, for one ThingsBoard. A small JSON file on the data volume.

Whole or not at all, and on the disk when :meth:`KeptFile.save` returns. A file that is damaged, or of another
ThingsBoard, holds nothing.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class KeptFile:
    """One file.

    Args:
        path: where it is.
        destination: which ThingsBoard it is of.
    """

    def __init__(self, path: Path, destination: str) -> None:
        self._path = path
        self._destination = destination

    def load(self) -> dict[str, Any]:
        """What was kept; empty when nothing was."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(kept, dict) or kept.get("destination") != self._destination:
            return {}
        return kept

    def save(self, kept: Mapping[str, Any]) -> None:
        """Keep this instead of what was there.

        Raises:
            OSError: the disk does not take it; what was there still is.
        """
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump({"destination": self._destination, **kept}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
