"""Which files with secrets everybody on the machine may read. Looks at their rights and at nothing in them."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.configuration.variables import is_secret

if TYPE_CHECKING:
    from bridge.configuration.load import Configuration

_LINE = re.compile(r":\d+$")  # meters.csv:7


def readable_by_everybody(reading: Configuration) -> list[str]:
    """Return the files of secrets in use whose rights let everybody read them; where that cannot be told, none."""
    if os.name == "nt":  # there the bits say nothing
        return []
    sources = {_LINE.sub("", given.source) for key, given in reading.given.items() if is_secret(key)}
    return sorted(source for source in sources if _is_open(Path(source)))


def _is_open(file: Path) -> bool:
    with suppress(OSError, ValueError):
        return file.is_file() and bool(file.stat().st_mode & stat.S_IROTH)
    return False
