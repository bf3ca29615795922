"""Memory: what was learnt of a ThingsBoard, over restarts. A small JSON file on the data volume.

Nothing in it matters for what is stored; without it the bridge learns again. So a file that cannot be read or written
is nothing but that.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from bridge.delivery.kept_file import KeptFile

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
        self._file = KeptFile(path, destination)

    def load(self) -> dict[str, Any]:
        """What was kept for this ThingsBoard."""
        return self._file.load()

    def save(self, learnt: Mapping[str, Any]) -> None:
        """Replace it in one step."""
        with suppress(OSError):
            self._file.save(learnt)


class NoMemory:
    """Forgets at once."""

    def load(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def save(self, learnt: Mapping[str, Any]) -> None:
        """Nowhere."""
