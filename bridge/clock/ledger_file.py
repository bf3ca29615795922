"""The ledger of boots on the data volume: ``clock.json``, written anew as a whole and on the disk when that returns.

A ledger that cannot be read is set aside and a new one begun: samples that wait from earlier boots are then dated by
what the clock showed when they were read, and are said to be estimated. One that cannot be written is kept in memory.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.clock.boots import Ledger, from_plain

if TYPE_CHECKING:
    from pathlib import Path

NAME = "clock.json"


class LedgerFile:
    """The file.

    Args:
        data_dir: the data volume.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / NAME
        self._is_failing = False

    def load(self) -> Ledger:
        """Return what is kept; an empty ledger when nothing is, or it cannot be read."""
        try:
            return from_plain(json.loads(self._file.read_text(encoding="ascii")))
        except FileNotFoundError:
            return Ledger()
        except OSError as error:
            logger.bind(stage="disk").warning("clock | {} cannot be read: {}", self._file.name, error.strerror)
            return Ledger()
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            aside = self._file.with_suffix(".damaged")
            with suppress(OSError):
                self._file.replace(aside)
            logger.bind(stage="disk").error(
                "clock | {} makes no sense and is set aside as {}: when earlier boots of this machine were is not "
                "known any more", self._file.name, aside.name,
            )  # fmt: skip
            return Ledger()

    def save(self, plain: dict[str, Any]) -> bool:
        """Write what :meth:`Ledger.plain` gave; return whether it is on the disk. May be called on any thread."""
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="ascii") as out:
                json.dump(plain, out)
                out.flush()
                os.fsync(out.fileno())
            new.replace(self._file)
            self._sync_folder()
        except OSError as error:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            if not self._is_failing:
                logger.bind(stage="disk").warning("clock | {} cannot be written: {}", self._file.name, error.strerror)
            self._is_failing = True
            return False
        self._is_failing = False
        return True

    def _sync_folder(self) -> None:
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
