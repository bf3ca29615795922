"""Carving: the samples in a damaged file, page by page, whatever became of the tree that held them. Pure.

Needs neither the file's first page nor a whole tree nor, for what the log holds, the database at all: each leaf of a
table is read for itself (https://www.sqlite.org/fileformat2.html). The log's last committed image of a page comes
before the file's. A page that was given up may bring samples back that were confirmed long ago; sent twice, they do no
harm.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    Buffer: TypeAlias = bytes | mmap.mmap

_PAGE_BYTES = 4096  # SQLite's default, which the outbox's files have
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGIC = 0x377F0682  # or one more: how its sums are counted
_LEAF = 0x0D
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


class Carved(NamedTuple):
    """One sample, as the columns of ``schema.py``."""

    id: int
    meter: str
    ts_ms: int
    body: str
    device: str | None
    tag: int
    accepted_s: int
    boot: int = 0
    up_ns: int = 0
    is_undated: bool = False


def carve(database: Buffer, log: Buffer) -> Iterator[Carved]:
    """Yield every sample in a leaf page of the outbox's tables, the most certain first. What makes no sense is skipped.

    Of a log without a beginning nothing tells which images are the newest: all of them are carved, first those whose
    sums are right, last those whose are not. A sample may come more than once then, and damaged the later times.
    """
    images: Iterable[tuple[int, bytes]]
    doubtful: Iterable[tuple[int, bytes]] = ()
    if has_beginning(log):
        pages = _committed(log)
        images = sorted(pages.items())
    else:
        pages = dict(_frames(log))
        images, doubtful = _summed_frames(log, right=True), _summed_frames(log, right=False)

    def page(number: int) -> bytes:
        return pages.get(number) or database[(number - 1) * _PAGE_BYTES : number * _PAGE_BYTES]

    own = (
        (number, database[(number - 1) * _PAGE_BYTES : number * _PAGE_BYTES])
        for number in range(1, -(-len(database) // _PAGE_BYTES) + 1)
        if number not in pages or not has_beginning(log)
    )
    for number, image in chain(images, own, doubtful):
        yield from _leaf(image, 100 if number == 1 else 0, page)


def has_beginning(log: Buffer) -> bool:
    """Whether the log's header is sound. SQLite ignores a log without a sound one, and overwrites it."""
    if len(log) < _LOG_HEADER or int.from_bytes(log[:4], "big") & ~1 != _LOG_MAGIC:
        return False
    return _summed(log[:24], _order(log), (0, 0)) == struct.unpack_from(">II", log, 24)


def _order(log: Buffer) -> str:
    return ">" if log[3] & 1 else "<"


def _frames(log: Buffer) -> Iterator[tuple[int, bytes]]:
    """Every image of a page in the log, with the page's number, from whatever round."""
    for begin in range(_LOG_HEADER, len(log) - _FRAME_HEADER - _PAGE_BYTES + 1, _FRAME_HEADER + _PAGE_BYTES):
        (number,) = struct.unpack_from(">I", log, begin)
        yield number, log[begin + _FRAME_HEADER : begin + _FRAME_HEADER + _PAGE_BYTES]


def _summed_frames(log: Buffer, *, right: bool) -> Iterator[tuple[int, bytes]]:
    """The images whose sums follow from the frame before, or those whose do not. The first frame is trusted."""
    before: tuple[int, ...] | None = None
    for index, (number, image) in enumerate(_frames(log)):
        begin = _LOG_HEADER + index * (_FRAME_HEADER + _PAGE_BYTES)
        told = struct.unpack_from(">16xII", log, begin)
        is_right = before is None or any(
            _summed(image, order, _summed(log[begin : begin + 8], order, before)) == told for order in "<>"
        )
        before = told
        if is_right == right:
            yield number, image


def _committed(log: Buffer) -> dict[int, bytes]:
    """The last committed image of each page, up to the first frame that is from an earlier round or torn."""
    order, sums = _order(log), struct.unpack_from(">II", log, 24)
    salts = bytes(log[16:24])
    committed: dict[int, bytes] = {}
    open_ones: dict[int, bytes] = {}
    for index, (number, image) in enumerate(_frames(log)):
        begin = _LOG_HEADER + index * (_FRAME_HEADER + _PAGE_BYTES)
        size_after, frame_salts, *told = struct.unpack_from(">4xI8sII", log, begin)
        sums = _summed(image, order, _summed(log[begin : begin + 8], order, sums))
        if frame_salts != salts or tuple(told) != sums:
            break
        open_ones[number] = image
        if size_after:
            committed |= open_ones
            open_ones = {}
    return committed


def _summed(raw: bytes, order: str, sums: tuple[int, ...]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(raw) // 4}I", raw)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


def _leaf(image: bytes, begin: int, page: Callable[[int], bytes]) -> Iterator[Carved]:
    if len(image) < begin + 8 or image[begin] != _LEAF:
        return
    (cells,) = struct.unpack_from(">H", image, begin + 3)
    for place in range(begin + 8, min(begin + 8 + 2 * cells, len(image) - 1), 2):
        (where,) = struct.unpack_from(">H", image, place)
        try:
            found = _cell(image, where, page)
        except (IndexError, ValueError, struct.error):
            continue
        if found is not None:
            yield found


def _cell(image: bytes, where: int, page: Callable[[int], bytes]) -> Carved | None:
    size, where = _varint(image, where)
    row_id, where = _varint(image, where)
    match _values(_payload(image, where, size, page)):
        case [None, str(meter), int(ts_ms), str(body)]:  # version 1
            return Carved(row_id, meter, ts_ms, body, None, 0, 0)
        case [None, str(meter), int(ts_ms), str(body), None | str() as device, int(tag), int(accepted_s)]:
            return Carved(row_id, meter, ts_ms, body, device, tag, accepted_s)
        case [
            None,
            str(meter),
            int(ts_ms),
            str(body),
            None | str() as device,
            int(tag),
            int(accepted_s),
            int(boot),
            int(up_ns),
            *undated,
        ] if undated in ([], [1]):
            return Carved(row_id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns, bool(undated))
    return None


def _payload(image: bytes, where: int, size: int, page: Callable[[int], bytes]) -> bytes:
    """The bytes of a record; a long one continues in overflow pages."""
    most, least = _PAGE_BYTES - 35, (_PAGE_BYTES - 12) * 32 // 255 - 23
    if size <= most:
        return image[where : where + size]
    here = least + (size - least) % (_PAGE_BYTES - 4)
    here = here if here <= most else least
    raw = image[where : where + here]
    (following,) = struct.unpack_from(">I", image, where + here)
    while len(raw) < size and following:
        further = page(following)
        (following,) = struct.unpack_from(">I", further)
        raw += further[4 : 4 + size - len(raw)]
    return raw


def _values(raw: bytes) -> list[object]:
    """The columns of a record.

    Raises:
        IndexError, ValueError: it is none.
    """
    header, where = _varint(raw, 0)
    kinds = []
    while where < header:
        kind, where = _varint(raw, where)
        kinds.append(kind)
    values: list[object] = []
    for kind in kinds:
        size = _INTEGER_BYTES[kind] if kind < 7 else 0 if kind in (8, 9) else (kind - 12) // 2
        piece, where = raw[where : where + size], where + size
        if size < 0 or len(piece) != size or kind == 7 or (kind >= 12 and kind % 2 == 0):
            raise ValueError
        if kind == 0:
            values.append(None)
        elif kind in (8, 9):
            values.append(kind - 8)
        elif kind < 7:
            values.append(int.from_bytes(piece, "big", signed=True))
        else:
            values.append(piece.decode())
    return values


def _varint(raw: bytes, where: int) -> tuple[int, int]:
    value = 0
    for place in range(where, where + 8):
        value = value << 7 | raw[place] & 0x7F
        if raw[place] < 0x80:
            return value, place + 1
    return value << 8 | raw[where + 8], where + 9
