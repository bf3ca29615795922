"""The time zone that this machine is set to: for meters whose clocks state none."""

from __future__ import annotations

import os
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loguru import logger

if TYPE_CHECKING:
    from datetime import tzinfo

_FILE = Path("/etc/localtime")


def names_zone(name: str) -> bool:
    """Return whether a ``TZ`` names a time zone, or nothing at all."""
    try:
        _zone(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return not name
    return True


def local_zone() -> tzinfo:
    """Return it, with its daylight saving: what ``TZ`` names, else the system's; UTC where neither is known.

    A ``TZ`` that names no zone is said and taken for UTC, as the system takes it: it must not stop the bridge.
    """
    name = os.environ.get("TZ", "")
    try:
        return _zone(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        if name:
            logger.warning("clock | TZ={} names no time zone, UTC is taken | write it like Europe/Berlin", name)
        return UTC


def _zone(name: str) -> tzinfo:
    name = name.removeprefix(":")
    if name and not name.startswith("/"):
        return ZoneInfo(name)
    with Path(name or _FILE).open("rb") as file:
        return ZoneInfo.from_file(file)
