"""What reaches the container's log: loguru's lines, for people or as JSON, and nothing that a library prints."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from typing import TextIO

    from bridge.settings import LogSettings

_FOR_PEOPLE = "<green>{time:YYYY-MM-DD HH:mm:ss}</green> <level>{level: <7}</level> {message}"


def set_up(settings: LogSettings, out: TextIO | None = None) -> None:
    """Send the log to ``out`` and close the way past it.

    gurux-dlms prints to standard output, keys included, wherever it feels like it. From here on ``sys.stdout`` leads
    nowhere; only the log holds the real one.

    Args:
        settings: level and form.
        out: where lines go; the standard output of this moment when left out.
    """
    out = out if out is not None else sys.stdout
    logger.remove()
    # diagnose would print the values of local variables, passwords among them, under a traceback.
    logger.add(
        out,
        level=settings.level,
        format=_FOR_PEOPLE,
        serialize=settings.json_lines,
        colorize=out.isatty() and not settings.json_lines,
        backtrace=False,
        diagnose=False,
    )
    sys.stdout = _Nowhere()
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


class _Nowhere(io.TextIOBase):
    """Takes what is printed and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


class _ToLoguru(logging.Handler):
    """asyncio's and paho's own warnings belong in the one log."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(record.levelname, "{}", record.getMessage())
