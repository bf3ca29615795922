"""Who called and was not taken: a bounded list, kept in a file for ``bridge callers``. No message and no secret in it.

A list that strangers fill: it holds :data:`MOST` of them, few of one address, the one that was not heard for longest
gives way, and what they say of themselves is cut and made printable.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE = "callers.json"
MOST, MOST_OF_ADDRESS = 200, 20
_LONGEST = 80
_TEXTS = ("address", "title", "name", "text", "framing", "reason", "said")
_COUNTS = ("values", "count", "first_s", "last_s")
_MOST_COUNTED = 1e11  # calls, values, Unix seconds


@dataclass(slots=True)
class UnknownCaller:
    """One of them.

    Args:
        address: where it called from.
        title: its system title, hexadecimal; empty where it told none.
        name: what may be its logical device name, from what it pushed; the same.
        text: what it sent first, where that was text.
        framing: how its messages stood; empty where none came.
        reason: why it was not taken, in a word: ``unknown-title``, ``wrong-key``, ``unknown-meter`` …
        said: the same in a sentence.
        values: how many values its last message had.
        count: how often.
        first_s: when it was first heard, Unix seconds.
        last_s: when last.
    """

    address: str
    title: str = ""
    name: str = ""
    text: str = ""
    framing: str = ""
    reason: str = ""
    said: str = ""
    values: int = 0
    count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0

    @property
    def who(self) -> str:
        """By what it is told from others."""
        return self.title or self.name or self.text or self.address


class UnknownCallers:
    """The list.

    Args:
        path: its file.
        clock_s: Unix seconds, for a person.
    """

    def __init__(self, path: Path, clock_s: Callable[[], float]) -> None:
        self._path = path
        self._clock_s = clock_s
        self._all: dict[str, UnknownCaller] = {}  # the one heard last stands last
        self._has_news = False
        self._is_failing = False

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[UnknownCaller]:
        return iter(tuple(self._all.values()))

    def note(self, caller: UnknownCaller) -> bool:
        """Note that somebody called; return whether it is one that was not there before."""
        for field in ("title", "name", "text"):
            setattr(caller, field, printable(getattr(caller, field)))
        before = self._all.pop(caller.who, None)
        caller.last_s = self._clock_s()
        caller.first_s = before.first_s if before else caller.last_s
        caller.count = before.count + 1 if before else 1
        if before:
            caller.text = caller.text or before.text
            caller.framing = caller.framing or before.framing
        self._all[caller.who] = caller
        of_address = [who for who, one in self._all.items() if one.address == caller.address]
        if len(of_address) > MOST_OF_ADDRESS:  # one stranger must not push all others out
            del self._all[of_address[0]]
        if len(self._all) > MOST:
            del self._all[next(iter(self._all))]
        self._has_news = True
        return before is None

    def forget(self, is_known: Callable[[UnknownCaller], bool]) -> None:
        """Forget those that are known by now."""
        gone = [who for who, caller in self._all.items() if is_known(caller)]
        for who in gone:
            del self._all[who]
        self._has_news = self._has_news or bool(gone)

    async def open(self) -> None:
        """Take up what the file holds; raises nothing."""
        for caller in await asyncio.to_thread(read_callers, self._path):
            self._all.setdefault(caller.who, caller)

    async def save(self) -> None:
        """Write the file where there is news; raises nothing."""
        if not self._has_news:
            return
        self._has_news = False
        try:
            await asyncio.to_thread(self._write, [asdict(one) for one in self._all.values()])
        except OSError as error:
            self._has_news = True
            if not self._is_failing:
                self._is_failing = True
                logger.bind(stage="disk").warning("callers | {} cannot be written: {}", self._path, error)
        else:
            self._is_failing = False

    def _write(self, callers: list[dict[str, Any]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump({"callers": callers}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


def read_callers(path: Path) -> list[UnknownCaller]:
    """Return what the file holds, the one heard last at the end; nothing of what is missing or makes no sense."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["callers"]
        return [caller for one in found if isinstance(one, dict) and (caller := _caller(one)) is not None]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _caller(kept: dict[str, Any]) -> UnknownCaller | None:
    """Return one of them; None where the file is damaged: whatever it says, it must not stop who reads it."""
    said = {name: kept.get(name, "") for name in _TEXTS}
    counts = {name: kept.get(name, 0) for name in _COUNTS}
    if not said["address"] or not all(isinstance(text, str) for text in said.values()):
        return None
    if not all(isinstance(count, int | float) and 0 <= count <= _MOST_COUNTED for count in counts.values()):
        return None
    if not re.fullmatch("([0-9A-F]{16})?", said["title"]):
        return None
    return UnknownCaller(
        **said,
        values=int(counts["values"]),
        count=int(counts["count"]),
        first_s=float(counts["first_s"]),
        last_s=float(counts["last_s"]),
    )


def printable(text: str) -> str:
    """Return text that a stranger sent so that a terminal, a file and a log may show it."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(ch if ch.isprintable() else "·" for ch in cut).strip()
