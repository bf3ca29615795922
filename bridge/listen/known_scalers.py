"""Scalers and units that meters stated when they were read, kept for what they push: a push rarely says its own.

A small file, whole or not at all. One that is gone or makes no sense holds nothing: the next association tells again.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE = "scalers.json"
Scale = tuple[int, str]


class KnownScalers:
    """See the module.

    Args:
        path: the file.
        told: scaler and unit by logical name, as a meter told in its present association; nothing where it has none.
    """

    def __init__(self, path: Path, told: Callable[[str], Mapping[str, Scale]]) -> None:
        self._path = path
        self._told = told
        self._kept: dict[str, dict[str, Scale]] = {}
        self._has_news = False

    def of(self, meter: str) -> Mapping[str, Scale]:
        """Return what is known of a meter."""
        told = self._told(meter)
        kept = self._kept.get(meter, {})
        if told and any(kept.get(name) != scale for name, scale in told.items()):
            kept = self._kept[meter] = {**kept, **told}
            self._has_news = True
        return kept

    async def open(self) -> None:
        """Read what was kept; raises nothing."""
        self._kept = await asyncio.to_thread(self._read)

    async def save(self) -> None:
        """Write it where there is news; raises nothing."""
        if not self._has_news:
            return
        self._has_news = False
        try:
            await asyncio.to_thread(self._write, {meter: dict(scales) for meter, scales in self._kept.items()})
        except OSError as error:
            logger.bind(stage="disk").warning("scalers | {} cannot be written: {}", self._path, error)

    def _read(self) -> dict[str, dict[str, Scale]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                meter: {name: (_exponent(scaler), str(unit)) for name, (scaler, unit) in scales.items()}
                for meter, scales in found.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, kept: Mapping[str, Mapping[str, Scale]]) -> None:
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


def _exponent(kept: object) -> int:
    """Return a scaler; raises ValueError where it can be none."""
    if isinstance(kept, int) and -128 <= kept <= 127:
        return kept
    raise ValueError(kept)
