"""Kept file: what must outlive a restart, for one ThingsBoard. A small JSON file on the data volume.

Whole or not at all, and on the disk when :meth:`KeptFile.save` returns. A file that is of another ThingsBoard holds
nothing; nor does one that is damaged, and that is said.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class KeptFile:
    """One file.

    Args:
        path: where it is.
        destination: which ThingsBoard it is of.
        loss: what follows when it is damaged, for a person.
    """

    def __init__(self, path: Path, destination: str, *, loss: str = "what it held is learnt again") -> None:
        self._path = path
        self._destination = destination
        self._loss = loss
        self._is_said = False

    def load(self) -> dict[str, Any]:
        """What was kept; empty when nothing was."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(kept, dict):
                return kept if kept.get("destination") == self._destination else {}
            self._say("it holds something else")
        except FileNotFoundError:
            pass
        except OSError as error:
            self._say(error.strerror or str(error))
        except (ValueError, RecursionError) as error:
            self._say(str(error))
        return {}

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

    def _say(self, why: str) -> None:
        if not self._is_said:  # it may be looked at often
            self._is_said = True
            logger.bind(stage="disk").error("{} cannot be read ({}) | {}", self._path, why, self._loss)
