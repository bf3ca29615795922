"""How far long work has got: a bar on a terminal, and where nobody watches a line every ten seconds.

A command asks its :class:`~bridge.cli.terminal.Terminal` for one::

    with terminal.progress(len(pages)) as progress:
        for page in pages:
            progress.step(page.name)

Inside work of the event loop that takes long between two steps, wrap it in :func:`ticking`. The bar stands below
whatever the command says meanwhile, and is gone at the end; leave the context before the result is shown.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol, Self

from bridge.cli.duration import duration_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_SPINNER = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\")
_BAR_CELLS = 24
_TICK_S = 1.0
_GUESS_AFTER_S = 10.0
_GUESS_FROM = 0.05


class Canvas(Protocol):
    """Where it is drawn: a terminal."""

    @property
    def is_rich(self) -> bool:
        """Whether it can show █."""

    def draw(self, bar: str) -> None:
        """Show ``bar`` in place of the one before; empty takes it away."""

    def note(self, text: str) -> None:
        """Say ``text`` as a line where no bar can be drawn, if nothing was said for a while."""


class Progress:
    """How far something has got. Leaving the context removes it from the screen.

    Args:
        canvas: where to draw.
        total: how many steps there are; 0 when nobody knows, for a spinner.
        clock_s: a clock that never goes back, seconds.
        lines: whether lines may stand in the output where no bar can; not between the parts of a JSON document.
    """

    def __init__(self, canvas: Canvas, total: int, clock_s: Callable[[], float], *, lines: bool = True) -> None:
        self._canvas = canvas
        self._lines = lines
        self._total = total
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._done = 0
        self._turns = 0
        self._text = ""

    def step(self, text: str = "", *, by: int = 1) -> None:
        """Count ``by`` steps as done and say what is done now; the last text stays when none is given."""
        self._done += by
        self.show(text)

    def show(self, text: str = "") -> None:
        """Draw it again, with ``text`` if there is one; turns the spinner."""
        self._text = text or self._text
        self._turns += 1
        self._canvas.draw(" ".join(filter(None, (self._gauge(), self._left(), self._text))))
        if self._lines:
            count = f"{self._done}/{self._total}" if self._total else ""
            self._canvas.note(" ".join(filter(None, (count, self._left(), self._text))))

    def _gauge(self) -> str:
        rich = self._canvas.is_rich
        if not self._total:
            frames = _SPINNER[not rich]
            return frames[self._turns % len(frames)]
        done = min(self._done, self._total)
        full = _BAR_CELLS * done // self._total
        on, off = "█░" if rich else "#."
        return f"[{on * full}{off * (_BAR_CELLS - full)}] {done}/{self._total}"

    def _left(self) -> str:
        """How long the rest takes at the pace so far; nothing while that is a guess."""
        took_s = self._clock_s() - self._began_s
        if not self._total or took_s < _GUESS_AFTER_S or not _GUESS_FROM <= self._done / self._total < 1:
            return ""
        return f"(~ {duration_text(took_s * (self._total - self._done) / self._done)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._canvas.draw("")


@asynccontextmanager
async def ticking(progress: Progress, *, every_s: float = _TICK_S) -> AsyncIterator[None]:
    """Draw ``progress`` again every second while the block runs, however long one step of it takes."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(every_s)
            progress.show()

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
