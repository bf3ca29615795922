"""Reads the samples that are kept after they were stored (``kept.py``); on any thread, beside the bridge that writes.

A torn or damaged chunk ends its file: what follows it is not believed. A file that goes while it is read has ended.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import orjson

from bridge.outbox.kept import FRAME, SUFFIX, KeptSample, header_of
from bridge.sample import Sample, Value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class KeptReading:
    """What is kept for one destination.

    Args:
        folder: where the files lie; it need not exist.
        destination: for whom samples are accepted now; what was for others is passed over.
    """

    def __init__(self, folder: Path, destination: str) -> None:
        self._folder = folder
        self._destination = destination

    @property
    def since_ms(self) -> int | None:
        """From when on every sample that was stored is kept, Unix milliseconds; None when nothing is kept."""
        return min((began_ms for began_ms, _ in self._files()), default=None)

    def samples(self) -> Iterator[KeptSample]:
        """Yield all of them, about in the order in which they were stored; a sample may come twice."""
        for _, path in self._files():
            yield from _samples_in(path)

    def _files(self) -> list[tuple[int, Path]]:
        found = [(header_of(path), path) for path in self._folder.glob(f"*{SUFFIX}")]
        return sorted(
            (int(header["began_ms"]), path) for header, path in found if header.get("destination") == self._destination
        )


def keys_of(body: str) -> tuple[str, ...]:
    """Return the telemetry keys that a sample gave a value to; none when it is damaged."""
    try:
        return tuple(orjson.loads(body))
    except ValueError:
        return ()


def sent_again(kept: KeptSample) -> Sample:
    """Return a kept sample as one that the outbox takes. It has no stamp of its reading, so it is not kept twice."""
    values = orjson.loads(kept.body)
    return Sample(kept.meter, kept.ts_ms, [Value(key, "", value, "") for key, value in values.items()])


def _samples_in(path: Path) -> Iterator[KeptSample]:
    try:
        with path.open("rb") as file:
            file.readline(1000)
            while len(frame := file.read(FRAME.size)) == FRAME.size:
                length, checksum = FRAME.unpack(frame)
                packed = file.read(length)
                if len(packed) < length or zlib.crc32(packed) != checksum:
                    return
                for line in zlib.decompress(packed).decode().split("\n")[:-1]:
                    meter, ts_ms, body = line.split("\t", 2)
                    yield KeptSample(meter, int(ts_ms), body)
    except (OSError, ValueError, zlib.error):
        return
