"""Kept samples: live samples that were stored, on disk a while longer, to be sent again when an audit misses them.

Beside the outbox, in files of their own that only grow and only go whole: nothing of this can damage the outbox, and
room is made by removing a file. No fsync: what a power cut takes was stored. Lives on the outbox's writer thread;
reading is in ``kept_reading.py``.

Rules
    Keeping never fails: what cannot be kept is not, said once.
    Bounded in bytes and in age, the oldest go first. Where the disk has less room left than the outbox may still need,
    they go too: what is stored gives way to what is not.
    History is not kept: the meter has it, and the ledger reads it again.

A file: one line of JSON (``destination``, ``began_ms`` of the wall clock, ``began_s`` of the outbox's clock), then
chunks: length and CRC-32 of what follows, and zlib-packed lines of meter, time stamp and body, tabs between. A start
begins a new file, so a torn chunk is always a file's last.
"""

from __future__ import annotations

import json
import shutil
import zlib
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import FileIO
    from pathlib import Path

FOLDER = "kept"
"""Its name in the data folder."""
SUFFIX = ".kept"
FRAME = Struct(">II")
_PIECES = 24  # of the time and of the bytes: so much at most goes at once
_SPARE_BYTES = 32_000_000  # of the disk, beside what the outbox may still need
_SPEED = 1  # zlib's: samples are alike, and more effort gains little


class KeptSample(NamedTuple):
    """One sample that was stored.

    Args:
        meter: the meter's name in the settings.
        ts_ms: its time stamp.
        body: the telemetry values as JSON, as they were sent.
    """

    meter: str
    ts_ms: int
    body: str


class _File(NamedTuple):
    path: Path
    began_s: float
    bytes: int


class KeptSamples:
    """The writing side. Removes what an earlier start kept as soon as it is too old or too much.

    Args:
        folder: where the files lie; made when absent.
        keep_s: how long a sample is kept; nothing is at 0.
        max_bytes: how much all of it may take.
        destination: for whom samples are accepted.
        age_s: the outbox's clock.
        wall_ms: Unix time in milliseconds; says from when on all is kept.
        free_bytes: room on the disk.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_s: float,
        max_bytes: int,
        destination: str,
        age_s: Callable[[], float],
        wall_ms: Callable[[], int],
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.folder = folder
        self._keep_s = keep_s
        self._max_bytes = max_bytes
        self._destination = destination
        self._age_s = age_s
        self._wall_ms = wall_ms
        self._free_bytes = free_bytes
        self._files: list[_File] | None = None  # closed ones, the oldest first
        self._out: FileIO | None = None
        self._now = _File(folder, 0.0, 0)
        self._number = 0
        self._is_said = False

    def add(self, samples: Iterable[KeptSample], *, needed_bytes: int) -> None:
        """Keep samples, as far as there is room.

        Args:
            samples: what was just stored.
            needed_bytes: how much of the disk the outbox may still need.
        """
        lines = "".join(f"{meter}\t{ts_ms}\t{body}\n" for meter, ts_ms, body in samples)
        if not lines:
            return
        try:
            if self._has_room(needed_bytes + _SPARE_BYTES):
                packed = zlib.compress(lines.encode(), _SPEED)
                self._write(FRAME.pack(len(packed), zlib.crc32(packed)) + packed)
                self._trim()
        except OSError as error:
            self._say(f"cannot be kept: {error.strerror}")
            self._close()

    def give_way(self) -> None:
        """The disk refuses the outbox: remove everything, where that may help."""
        try:
            if self._free_bytes(self.folder) < _SPARE_BYTES:
                self._remove_all()
        except OSError:
            pass  # then there is nothing to give

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    def _write(self, chunk: bytes) -> None:
        now_s = self._age_s()
        is_old = now_s - self._now.began_s > self._keep_s / _PIECES
        if self._out is not None and (is_old or self._now.bytes > self._max_bytes / _PIECES):
            self._close()
        if self._out is None:
            chunk = self._opened(now_s) + chunk
        assert self._out is not None  # noqa: S101 - for mypy
        written = self._out.write(chunk)
        self._now = self._now._replace(bytes=self._now.bytes + written)
        if written < len(chunk):  # a disk that is full takes a part
            self._close()

    def _opened(self, now_s: float) -> bytes:
        self._found()
        wall_ms = self._wall_ms()
        header = {"destination": self._destination, "began_ms": wall_ms, "began_s": round(now_s)}
        self._number += 1
        while (path := self.folder / f"{wall_ms:014d}-{self._number:06d}{SUFFIX}").exists():
            self._number += 1
        self._out = path.open("xb", buffering=0)
        self._now = _File(path, now_s, 0)
        return json.dumps(header).encode() + b"\n"

    def _found(self) -> list[_File]:
        if self._files is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = [(path, header_of(path)) for path in self.folder.glob(f"*{SUFFIX}")]
            self._files = sorted(
                (_File(path, float(header["began_s"]), path.stat().st_size) for path, header in found if header),
                key=lambda file: file.began_s,
            )
            for path, header in found:
                if not header:
                    path.unlink()
        return self._files

    def _trim(self) -> None:
        files = self._found()
        total = sum(file.bytes for file in files) + self._now.bytes
        oldest_s = self._age_s() - self._keep_s
        while files:
            next_began_s = files[1].began_s if len(files) > 1 else self._now.began_s
            if total <= self._max_bytes and next_began_s >= oldest_s:
                break
            total -= files[0].bytes
            files.pop(0).path.unlink(missing_ok=True)

    def _has_room(self, needed_bytes: int) -> bool:
        files = self._found()
        while self._free_bytes(self.folder) < needed_bytes:
            if not files:
                self._remove_all()
                self._say("are not kept: the disk has no more room than the outbox may need")
                return False
            files.pop(0).path.unlink(missing_ok=True)
        return True

    def _remove_all(self) -> None:
        self._close()
        for file in self._found():
            file.path.unlink(missing_ok=True)
        self._files = []

    def _close(self) -> None:
        out, self._out = self._out, None
        if out is not None:
            out.close()
            self._found().append(self._now)

    def _say(self, why: str) -> None:
        if not self._is_said:
            self._is_said = True
            logger.bind(stage="disk").warning("outbox | stored samples {}; an audit cannot send them again", why)


def header_of(path: Path) -> dict[str, Any]:
    """Return a file's first line; empty when it is none of ours, or gone."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline(1000))
    except (OSError, ValueError, RecursionError):
        return {}
    whole = isinstance(header, dict) and all(isinstance(header.get(name), int) for name in ("began_ms", "began_s"))
    return header if whole else {}
