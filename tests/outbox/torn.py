"""Torn writes: what a power cut may do to the outbox's files that a mere kill does not, and no more than that.

A kill leaves everything that was handed to the kernel; a power cut leaves what fsync covered, and of the rest any part.
Fair is therefore:

* In the log, all behind its last commit frame: frames of a transaction that never ended, or of the log's previous
  round. It is cut off, zeroed or overwritten from a random place on, or garbage grows behind it.
* In the database, any page that the log still holds committed: it is being, or is yet to be, copied there by a
  checkpoint, and is zeroed from a random place on. Not page 1, whose first sector tells that there is a log at all
  and is as good as written at once.

Commits themselves are left alone. That spares deletes, which have no fsync of their own; losing one would only send a
sample twice.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from pathlib import Path

_HEADER, _FRAME = 32, 24  # bytes: https://www.sqlite.org/fileformat2.html#walformat


def tear(database: Path, rng: random.Random) -> str:
    """Damage the files as a power cut may, and say how; nothing may have them open."""
    log = database.with_name(database.name + "-wal")
    raw = log.read_bytes() if log.exists() else b""
    end, page_bytes, pages = committed(raw)
    kinds = ["garbage"] * bool(raw) + ["cut", "zero", "overwrite"] * (len(raw) > end) + ["page"] * bool(pages)
    if not kinds:
        return "nothing to tear"
    kind = rng.choice(kinds)
    if kind == "page":
        _zero_page(database, rng.choice(pages), page_bytes, rng)
    else:
        with log.open("r+b") as file:
            begin = len(raw) if kind == "garbage" else rng.randrange(end, len(raw))
            file.seek(begin)
            match kind:
                case "cut":
                    file.truncate()
                case "zero":
                    file.write(bytes(len(raw) - begin))
                case "overwrite":
                    file.write(rng.randbytes(len(raw) - begin))
                case _:
                    file.write(rng.randbytes(rng.randrange(1, 20_000)))
    return kind


def committed(log: bytes) -> tuple[int, int, list[int]]:
    """Where the last commit frame of a log ends, the size of a page, and the pages committed up to there."""
    if len(log) < _HEADER:
        return len(log), 0, []
    page_bytes, salts = struct.unpack_from(">8xI4x8s", log)
    end, pages, seen = _HEADER, set(), []
    for begin in range(_HEADER, len(log) - _FRAME - page_bytes + 1, _FRAME + page_bytes):
        page, size_after, frame_salts = struct.unpack_from(">II8s", log, begin)
        if frame_salts != salts:
            break
        seen.append(page)
        if size_after:
            end = begin + _FRAME + page_bytes
            pages.update(seen)
    return end, page_bytes, sorted(pages - {1})


def _zero_page(database: Path, page: int, page_bytes: int, rng: random.Random) -> None:
    size = database.stat().st_size
    begin = (page - 1) * page_bytes + rng.randrange(page_bytes)
    if begin < size:
        with database.open("r+b") as file:
            file.seek(begin)
            file.write(bytes(page * page_bytes - begin))


class Head(NamedTuple):
    """The beginning of a file that is garbage now.

    Args:
        path: the file.
        garbage: what it begins with.
    """

    path: Path
    garbage: bytes

    @property
    def forbids_tears(self) -> bool:
        """Whether it is the log's and nobody has replaced it yet: where its commits end cannot be told any more."""
        is_log = self.path.name.endswith("-wal")
        return is_log and self.path.exists() and self.path.read_bytes()[:_HEADER] == self.garbage


def behead(database: Path, rng: random.Random) -> Head | None:
    """Damage the files in a way that needs salvage and takes no sample away: the beginning of one of them."""
    log = database.with_name(database.name + "-wal")
    there = [one for one in (database, log) if one.exists() and one.stat().st_size > _HEADER]
    if not there:
        return None
    head = Head(rng.choice(there), rng.randbytes(_HEADER))
    with head.path.open("r+b") as file:
        file.write(head.garbage)
    return head
