"""Told meters: which meters Home Assistant was told of, and which of them have to be taken back. On the data volume."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.delivery.home_assistant.known_meter import KnownMeter

if TYPE_CHECKING:
    from collections.abc import Container

    from bridge.delivery.kept_file import KeptFile


class ToldMeters:
    """What was told, by meter.

    Args:
        file: where it is kept.
    """

    def __init__(self, file: KeptFile) -> None:
        self._file = file
        self._meters: dict[str, tuple[list[str], KnownMeter]] = {}
        self.gone: set[str] = set()
        """Topics whose retained messages have to go."""
        self.has_news = False
        """Whether the disk has something else."""
        self._is_failing = False
        self._take(file.load())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was told that could be taken back."""
        return not (self._meters or self.gone)

    def begin(self, meter: str, *topics: str) -> KnownMeter:
        """Return what is known of a meter that is told on these topics; nothing yet, if it never was."""
        before, known = self._meters.get(meter, ([], KnownMeter()))
        self.gone.update(before)
        self.gone.difference_update(topics)
        self._meters[meter] = [*topics], known
        self.has_news = True
        return known

    def drop_others(self, meters: Container[str]) -> None:
        """Have all meters but these taken back."""
        mine = {topic for meter, (topics, _) in self._meters.items() if meter in meters for topic in topics}
        for meter in [meter for meter in self._meters if meter not in meters]:
            self.gone.update(topic for topic in self._meters.pop(meter)[0] if topic not in mine)
            self.has_news = True

    def forget_gone(self) -> None:
        """They are taken back."""
        self.has_news = self.has_news or bool(self.gone)
        self.gone.clear()

    async def save(self) -> None:
        """Put it on disk, if that has something else."""
        if not self.has_news:
            return
        self.has_news = False
        meters = {meter: {"topics": topics, **known.as_json()} for meter, (topics, known) in self._meters.items()}
        try:
            await asyncio.to_thread(self._file.save, {"meters": meters, "gone": sorted(self.gone)})
        except OSError as error:
            self.has_news = True
            if not self._is_failing:
                logger.bind(stage="disk").warning(
                    "home assistant | what it was told cannot be kept: {}; a meter that leaves the settings meanwhile "
                    "has to be removed there by hand", error.strerror,
                )  # fmt: skip
            self._is_failing = True
        else:
            self._is_failing = False

    def _take(self, kept: dict[str, Any]) -> None:
        meters, gone = kept.get("meters"), kept.get("gone")
        for meter, entry in meters.items() if isinstance(meters, dict) else ():
            known = KnownMeter.of_json(entry)
            topics = entry.get("topics") if known is not None else None
            if known is not None and isinstance(topics, list):
                self._meters[meter] = [topic for topic in topics if isinstance(topic, str)], known
        self.gone.update(topic for topic in gone if isinstance(topic, str)) if isinstance(gone, list) else None
