"""What a technician sees: lines, tables, signs and a progress bar, as far as the terminal can show them.

Everything that goes out is escaped here, so nothing that a meter or a file says can steer a terminal. Colours and the
bar appear on a terminal alone (``NO_COLOR`` and ``TERM=dumb`` are respected); a pipe or a file gets plain lines, and
every ten seconds one that says how far it is, where nothing else was said meanwhile. Wrapped text is as wide as the
terminal, or as ``COLUMNS`` says, or 80.
Knows no command and no language.
"""

from __future__ import annotations

import shutil
import textwrap
import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from bridge.cli.progress import Progress
from bridge.configuration.source_values import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

Style = Literal["good", "bad", "warn", "dim", "bold"]
Sign = Literal["good", "bad", "warn", "none"]
Part: TypeAlias = "str | tuple[str, Style]"
"""A piece of a line or a cell of a table, with or without a style."""

_COLOURS: dict[Style, str] = {"good": "32", "bad": "1;31", "warn": "33", "dim": "2", "bold": "1"}
_SIGNS: dict[Sign, tuple[str, str]] = {
    "good": ("✔", "[ok]"), "bad": ("✘", "[x]"), "warn": ("!", "[!]"), "none": ("-", "[-]"),
}  # fmt: skip
_SPECIAL = "✔✘█░⠋"
_ERASE = "\r\x1b[K"
_CLEAR = "\x1b[H\x1b[2J"
_SILENCE_S = 10.0
_COLUMNS = 80
"""Of a pipe or a file, which have no width of their own."""


class Terminal:
    """One stream.

    Args:
        out: where to write.
        environ: ``NO_COLOR``, ``TERM`` and ``COLUMNS`` are looked at.
        clock_s: a clock that never goes back, seconds.
    """

    def __init__(
        self, out: TextIO, environ: Mapping[str, str], *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._clock_s = clock_s
        self._began_s = self._said_s = clock_s()
        self.is_live = out.isatty() and environ.get("TERM") != "dumb"
        """Whether a person watches: lines may be drawn again."""
        self._has_colours = self.is_live and not environ.get("NO_COLOR")
        self._encoding = out.encoding or "utf-8"
        self._is_rich = _knows(self._encoding, _SPECIAL)
        self._bar = ""
        self._given_columns = environ.get("COLUMNS", "")

    @property
    def columns(self) -> int:
        """How wide it is now, in characters."""
        if self._given_columns.isdecimal() and int(self._given_columns):
            return int(self._given_columns)
        return shutil.get_terminal_size((_COLUMNS, 24)).columns if self.is_live else _COLUMNS

    def sign(self, sign: Sign) -> Part:
        """Return ✔, ✘, ! or - for :meth:`say`; ``[ok]``, ``[x]``, ``[!]`` or ``[-]`` where they cannot be shown."""
        text = _SIGNS[sign][not self._is_rich]
        return text if sign == "none" else (text, sign)

    def say(self, *parts: Part) -> None:
        """Write one line made of ``parts``; above the progress bar, if one stands there."""
        line = "".join(self._painted(part) for part in parts)
        self._said_s = self._clock_s()
        self._write(f"{_ERASE if self._bar else ''}{line.rstrip()}\n{self._bar}")

    def wrap(self, lead: Sequence[Part], text: Part) -> None:
        """Write ``lead`` and ``text``, in as many lines as the width asks for, each below where ``text`` began."""
        words, style = (text, None) if isinstance(text, str) else text
        indent = sum(len(visible(part if isinstance(part, str) else part[0])) for part in lead)
        lines = textwrap.wrap(
            visible(words), max(20, self.columns - indent), break_long_words=False, break_on_hyphens=False
        )
        for number, line in enumerate(lines or [""]):
            self.say(*(lead if number == 0 else [" " * indent]), (line, style) if style else line)

    def table(self, header: Sequence[str], rows: Iterable[Sequence[Part]], *, title: str = "", indent: int = 2) -> None:
        """Write a table, each column as wide as its widest cell.

        Args:
            header: the columns' names.
            rows: the cells.
            title: a line above it; empty for none.
            indent: spaces before each row.
        """
        if title:
            self.say((title, "bold"))
        for line in aligned([[(name, "dim") for name in header], *rows]):
            self.say(" " * indent, *line)

    def pairs(self, rows: Iterable[tuple[str, Part]], *, indent: int = 0) -> None:
        """Write names in one column and what is so in another, which wraps."""
        rows = list(rows)
        wide = max((len(visible(name)) for name, _ in rows), default=0)
        for name, text in rows:
            self.wrap([" " * indent, (visible(name), "dim"), " " * (wide - len(visible(name)) + 2)], text)

    def clear(self) -> None:
        """Begin again at the top of an empty screen; a stream that is no terminal goes on below."""
        if self.is_live:
            self._write(_CLEAR)

    def progress(self, total: int = 0, *, lines: bool = True) -> Progress:
        """Return a progress bar to be used as a context manager; where nobody watches it is a line now and then.

        Args:
            total: how many steps there are; 0 when nobody knows, for a spinner.
            lines: whether those lines may stand in the output; not between the parts of a JSON document.
        """
        return Progress(self, total, self._clock_s, lines=lines)

    def note(self, text: str) -> None:
        """Say ``text`` on its own line where no bar can be drawn, if nothing was said for a while; for its progress."""
        now_s = self._clock_s()
        if text and not self.is_live and now_s - self._said_s >= _SILENCE_S:
            self.say(f"{now_s - self._began_s:.0f} s: {text}")

    def draw(self, bar: str) -> None:
        """Show ``bar`` below all lines in place of the one before; empty takes it away. For :class:`Progress`."""
        if self.is_live and bar != self._bar:
            room = self.columns - 1
            self._bar = visible(bar)[:room]
            self._write(_ERASE + self._bar)

    @property
    def is_rich(self) -> bool:
        """Whether the stream can show ✔ and █."""
        return self._is_rich

    def _painted(self, part: Part) -> str:
        if isinstance(part, str):
            return visible(part)
        text, style = part
        return f"\x1b[{_COLOURS[style]}m{visible(text)}\x1b[0m" if self._has_colours and text else visible(text)

    def _write(self, text: str) -> None:
        # A terminal that knows fewer characters than UTF-8 gets the rest escaped rather than nothing.
        self._out.write(text.encode(self._encoding, "backslashreplace").decode(self._encoding))
        self._out.flush()


def aligned(rows: Sequence[Sequence[Part]]) -> Iterator[list[Part]]:
    """Yield the rows with every cell as wide as its column, two spaces between them."""
    cells = [
        [(visible(part), None) if isinstance(part, str) else (visible(part[0]), part[1]) for part in row]
        for row in rows
    ]
    widths = [max(len(row[column][0]) for row in cells) for column in range(len(rows[0]))]
    for row in cells:
        line: list[Part] = []
        for (text, style), width in zip(row, widths, strict=True):
            line += [(text, style) if style else text, " " * (width - len(text) + 2)]
        yield line[:-1]


def _knows(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
