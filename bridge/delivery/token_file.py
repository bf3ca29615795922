"""The file of the token that provisioning or ``bridge thingsboard apply`` got, on the data volume.

Its owner alone may read it; in the stack Mosquitto's group as well.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_FILE = "thingsboard.token"  # noqa: S105 - a file's name
_TOKEN = re.compile(rb"[!-~]+\n?")
"""As ``mosquitto/start.sh`` takes it: anything else would end the line in the broker's configuration."""


def kept(data_dir: Path) -> str | None:
    """Return the token; None when there is none, or what is there can be none: an empty file, a damaged one."""
    try:
        raw = (data_dir / TOKEN_FILE).read_bytes()
    except OSError:
        return None
    return raw.decode("ascii").strip() if _TOKEN.fullmatch(raw) else None


def keep(token: str, data_dir: Path) -> None:
    """Put the token into the file, whole or not at all.

    Raises:
        OSError: the disk does not take it.
    """
    path = data_dir / TOKEN_FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # left by a power cut, or a link that leads elsewhere
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    _let_the_broker_read(new)
    os.replace(new, path)  # noqa: PTH105 - atomic by name


def _let_the_broker_read(path: Path) -> None:
    """Give the file to Mosquitto's group, which this process is in inside the stack and nowhere else."""
    mosquitto = 1883
    if mosquitto in os.getgroups():
        os.chown(path, -1, mosquitto)
        path.chmod(0o640)
