"""Memory: what was learnt of a ThingsBoard, over restarts. A small JSON file on the data volume.

Nothing in it matters for what is stored; without it the bridge learns again. So a file that cannot be read or written
is nothing but that.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Memory(Protocol):
    """Where the publisher keeps what it learnt."""

    def load(self) -> dict[str, Any]:
        """What was kept; empty when nothing was."""

    def save(self, learnt: Mapping[str, Any]) -> None:
        """Keep this instead. Called on a thread."""


class FileMemory:
    """One ThingsBoard's entry in a file.

    Args:
        path: the file.
        destination: which ThingsBoard; another one's knowledge is not used.
    """

    def __init__(self, path: Path, destination: str) -> None:
        self._path = path
        self._destination = destination

    def load(self) -> dict[str, Any]:
        """What was kept for this ThingsBoard."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(kept, dict) or kept.get("destination") != self._destination:
            return {}
        return kept

    def save(self, learnt: Mapping[str, Any]) -> None:
        """Replace it in one step."""
        new = self._path.with_suffix(".new")
        with suppress(OSError):
            new.write_text(json.dumps({"destination": self._destination, **learnt}), encoding="utf-8")
            new.replace(self._path)


class NoMemory:
    """Forgets at once."""

    def load(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def save(self, learnt: Mapping[str, Any]) -> None:
        """Nowhere."""
