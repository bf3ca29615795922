"""The outbox of the bridge that runs on this data folder, asked over its socket (``outbox/desk.py``)."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bridge.errors import DiskError
from bridge.outbox.desk import SOCKET, short_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PATIENCE_S = 60.0


@contextmanager
def connected(folder: Path) -> Iterator[socket.socket | None]:
    """The bridge that runs on this data folder; None without one."""
    if not hasattr(socket, "AF_UNIX"):
        yield None
        return
    with socket.socket(socket.AF_UNIX) as running:
        running.settimeout(_PATIENCE_S)
        try:
            with short_path(folder) as short:
                running.connect(str(short / SOCKET))
        except OSError:
            yield None
            return
        yield running


def asked(running: socket.socket, question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the lines of the answer.

    Args:
        running: the connection; it takes one question.
        question: as ``bridge/outbox/desk.py`` has them.

    Raises:
        DiskError: the bridge cannot answer now.
    """
    try:
        yield from _answered(running, question)
    except OSError as error:  # it was stopped meanwhile
        raise DiskError(f"the bridge does not answer any more: {error.strerror or error}") from error


def _answered(running: socket.socket, question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    running.sendall(json.dumps(question).encode() + b"\n")
    with running.makefile(encoding="utf-8") as answers:
        for text in answers:
            line = json.loads(text)
            if "error" in line:
                raise DiskError(line["error"])
            if "end" in line:
                return
            yield line
    raise DiskError("the bridge ended its answer early")
