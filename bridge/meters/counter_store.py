"""The invocation counters of an installation: reserved ahead on disk, never reused, never lowered.

Rules
    A number that was used once with a key is never used again with it (IEC 62056-5-3, 9.2.3.3.7.3): AES-GCM is broken
    for good by a second use, and meters refuse it. So a counter belongs to the key and to no meter: meters that share
    a key share the counter.
    The file holds the first number that was never given out. It is raised and synced before a number of the new block
    is used; ``kill -9`` at any point skips numbers and repeats none.
    Two processes (the bridge and ``bridge read``) draw disjoint blocks from the same file.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bridge.clock.machine import wall_s
from bridge.dlms.invocation_counter import LIMIT
from bridge.errors import AssociationError
from bridge.meters.counter_file import CounterFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bridge.dlms.security_keys import SecurityKeys

_TRUSTED, _LEAP = LIMIT - (1 << 28), 1 << 24
"""What a meter says about the counter is not protected, so nothing it says may use up the key. Numbers above the first
are accepted only within the second of what is known."""
_BLOCK = 10_000
_LOW = 2_000
_FLAG_ID = b"DLB"


class ReservedCounter:
    """The numbers of one key. Taking is cheap; reserving touches the disk and is done ahead, off the event loop.

    Args:
        draw: takes the least number and how many, returns the first number of a new block and the first after it.
        drawn: returns the first number that nobody has drawn.
        may_block: whether the disk may be waited for on an event loop. Where it may not, what needs the disk is noted
            there, and done by the :meth:`reserve` that runs off the loop before the next association.
    """

    def __init__(
        self, draw: Callable[[int, int], tuple[int, int]], drawn: Callable[[], int], *, may_block: bool = True
    ) -> None:
        self._draw = draw
        self._drawn = drawn
        self._may_block = may_block
        self._next = self._end = self._least = 0
        self._in_doubt = False  # others may have drawn since
        self._lock = threading.Lock()  # a number is given out once, whichever thread draws
        self._drawing = threading.Lock()

    @property
    def next(self) -> int:
        """The number that is given out next."""
        return self._next

    @property
    def is_low(self) -> bool:
        """Whether :meth:`reserve` should be called before long."""
        return self._in_doubt or self._end - self._next < _LOW

    @property
    def remaining_ratio(self) -> float:
        """Share of all numbers that this key still has; near 0 the key must be changed."""
        return (LIMIT - self._next) / LIMIT

    def take(self) -> int:
        """Return a number that was never given out before.

        Raises:
            AssociationError: the reserved ones are used up. Call :meth:`reserve`, then associate again.
        """
        with self._lock:
            number = self._next
            if number >= self._end:
                raise AssociationError("has no invocation counter reserved", hint="is the data volume writable?")
            self._next = number + 1
        return number

    def reserve(self, least: int = 0) -> None:
        """Draw a new block from the disk; blocks for as long as the disk does.

        Args:
            least: no number below this one is given out any more: what the meter has seen already.

        Raises:
            AssociationError: the disk does not take it, or the key has no number left; or it is asked for on an event
                loop that must not wait. Call it off the loop, then associate again.
        """
        if least <= self._next and not self.is_low:
            return
        if self._must_not_block():
            self._least = max(self._least, least)
            raise AssociationError(
                "has no invocation counter reserved", hint="nothing to do: one is reserved before the next association"
            )
        with self._drawing:
            if self._in_doubt:
                self._drop_if_others_drew()
            least = max(least, self._least)
            if least <= self._next and not self.is_low:
                return
            start, end = self._draw(max(least, 0), _BLOCK)
            with self._lock:
                if start != self._end:  # others have drawn in between
                    self._next = start
                self._next = max(self._next, least)
                self._end, self._least = end, 0

    def give_up(self) -> None:
        """Drop what is reserved when another process has drawn since: the meter may have seen its higher numbers.

        The next block lies above those.

        Raises:
            AssociationError: the disk does not say.
        """
        self._in_doubt = True
        if not self._must_not_block():
            self._drop_if_others_drew()

    def _drop_if_others_drew(self) -> None:
        if self._drawn() != self._end:
            with self._lock:
                self._next = self._end = 0
        self._in_doubt = False

    def seen_by_meter(self, number: int) -> None:
        """Skip to ``number``, the lowest that the meter will take; never back.

        Raises:
            AssociationError: as :meth:`reserve`; or the number would all but use up the key, and is not believed.
        """
        if number > _TRUSTED and number > self._next + _LEAP:
            raise AssociationError(
                f"claims to have seen the invocation counter {number - 1}: not believed, it would use up the key",
                hint="if it is true, the meter's encryption key must be changed",
            )
        with self._lock:
            if number <= self._next:
                return
            if number < self._end:
                self._next = number
                return
            if self._must_not_block():
                self._next, self._least = self._end, max(self._least, number)  # none of the old block is used
                return
        self.reserve(number)

    def _must_not_block(self) -> bool:
        return not self._may_block and asyncio._get_running_loop() is not None  # noqa: SLF001 - None, and no error


class CounterStore:
    """All counters of an installation, in one small SQLite file; and the system title that goes with them.

    Args:
        path: the file; None keeps them in memory, for a one-off command without a data volume.
        clock_s: Unix seconds.
        may_block: whether an event loop may wait for the disk; see :class:`ReservedCounter`.
    """

    def __init__(self, path: Path | None, clock_s: Callable[[], float] = wall_s, *, may_block: bool = True) -> None:
        self._may_block = may_block
        self._file = None if path is None else CounterFile(path, clock_s)
        self._clock_s = clock_s
        self._counters: dict[str, ReservedCounter] = {}
        self._memory: dict[str, int] = {}

    @property
    def lost(self) -> bool:
        """Whether the file was damaged and set aside, and what it held lost."""
        return self._file is not None and self._file.lost

    def of(self, keys: SecurityKeys) -> ReservedCounter:
        """Return the counter of the key, the same object for the same key."""
        name = hashlib.sha256(keys.encryption_key).hexdigest()[:32]
        if name not in self._counters:
            self._counters[name] = ReservedCounter(
                lambda least, count: self._draw(name, least, count),
                lambda: self._drawn(name),
                may_block=self._may_block or self._file is None,
            )
        return self._counters[name]

    def system_title(self) -> bytes:
        """Return this installation's system title: three letters and five random bytes, made once and kept.

        Raises:
            AssociationError: the disk does not give it.
        """
        fresh = passing_title()
        if self._file is None:
            return fresh
        with _in_plain_words():
            return self._file.title(fresh)

    def _draw(self, name: str, least: int, count: int) -> tuple[int, int]:
        """Return the first number of a new block and the first after it."""

        def step(drawn: int | None, lost: bool) -> tuple[int, int]:
            return _block(max(self._lowest(drawn, lost=lost), least), count)

        if self._file is None:
            start, self._memory[name] = step(self._memory.get(name), False)
            return start, self._memory[name]
        with _in_plain_words():
            return self._file.advance(name, step)

    def _drawn(self, name: str) -> int:
        """Return the first number that nobody has drawn."""
        if self._file is None:
            return self._lowest(self._memory.get(name), lost=False)
        with _in_plain_words():
            return self._lowest(self._file.next_of(name), lost=self._file.was_lost())

    def _lowest(self, drawn: int | None, *, lost: bool) -> int:
        if drawn is not None:
            return drawn
        # After a loss nobody knows what was used; Unix seconds lie above it, at less than one request per second.
        return int(self._clock_s()) if lost else 1


def passing_title() -> bytes:
    """Return a system title that is not kept: nobody else has it, so no pair of title and counter occurs twice."""
    return _FLAG_ID + secrets.token_bytes(5)


def _block(start: int, count: int) -> tuple[int, int]:
    end = min(start + count, LIMIT)
    if end <= start:
        raise AssociationError(
            "has used up the invocation counter of its key", hint="the meter's encryption key must be changed"
        )
    return start, end


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise AssociationError(
            f"cannot be read: no invocation counter could be reserved on disk: {error}",
            hint="is the data volume full or read-only?",
        ) from error
