"""Watching: the same look again and again, each at the top of an empty screen, until interrupted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.cli.terminal import Terminal


def watch(
    look: Callable[[], int], terminal: Terminal, *, every_s: float, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Look until interrupted.

    Args:
        look: shows how things are and returns the exit code.
        terminal: where it shows it.
        every_s: from the end of one look to the next.
        sleep: waits so long.

    Returns:
        The exit code of the last look that came to its end.

    Raises:
        KeyboardInterrupt: the first one did not.
    """
    code = None
    try:
        while True:
            terminal.clear()
            code = look()
            sleep(every_s)
    except KeyboardInterrupt:
        if code is None:
            raise
        return code
