"""What reaches the container's log: loguru's lines, for people or as JSON, and nothing that a library prints."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections import deque
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from typing import TextIO

    from loguru import Record

    from bridge.configuration.settings import LogSettings

_FOR_PEOPLE = "<green>{time:YYYY-MM-DD HH:mm:ss}</green> <level>{level: <7}</level> {message}"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What loguru paints with on a terminal."""
_RECENT_LINES, _LONGEST_LINE = 1000, 2000


class Recent:
    """The last lines of the log, for ``/log`` and the support bundle: stdout is Docker's, and cannot be read back."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_RECENT_LINES)

    def text(self) -> str:
        """Return them, oldest first. May be called on any thread."""
        return "".join(tuple(self._lines))

    def keep(self, line: str) -> None:
        """Take one more, shortened if it is long; the oldest is dropped."""
        line = _COLOURS.sub("", line)
        self._lines.append(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…\n")


def set_up(settings: LogSettings, out: TextIO | None = None) -> Recent:
    """Send the log to ``out`` and close the way past it.

    gurux-dlms prints to standard output, keys included, wherever it feels like it. From here on ``sys.stdout`` leads
    nowhere; only the log holds the real one.

    Args:
        settings: level and form.
        out: where lines go; the standard output of this moment when left out.

    Returns:
        what keeps the last lines.
    """
    out = out if out is not None else sys.stdout
    recent = Recent()
    logger.remove()
    logger.configure(patcher=_one_line)
    # diagnose would print the values of local variables, passwords among them, under a traceback.
    logger.add(
        _Both(out, recent),
        level=settings.level,
        format=_FOR_PEOPLE,
        serialize=settings.json_lines,
        colorize=out.isatty() and not settings.json_lines,
        backtrace=False,
        diagnose=False,
    )
    sys.stdout = _Nowhere()
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)
    return recent


def _one_line(record: Record) -> None:
    """Show what is no character to be read: what a meter or a server says must not look like a line of ours."""
    message = record["message"]
    if not message.isprintable():
        record["message"] = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in message)


class _Both:
    """Writes a line, formatted once, to the log and to the recent lines."""

    def __init__(self, out: TextIO, recent: Recent) -> None:
        self._out = out
        self._recent = recent

    def write(self, line: str) -> None:
        self._recent.keep(str(line))
        self._out.write(line)

    def flush(self) -> None:
        self._out.flush()


class _Nowhere(io.TextIOBase):
    """Takes what is printed and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


class _ToLoguru(logging.Handler):
    """asyncio's and paho's own warnings belong in the one log."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(record.levelname, "{}", record.getMessage())
