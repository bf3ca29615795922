"""The last frames of one meter, kept in memory, to see what a failing conversation looked like. A watch like the trace.

Frames are kept as they are, which costs next to nothing; secrets are masked when somebody looks.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.clock.machine import wall_s
from bridge.meters.trace import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.meters.frame_watch import FrameWatch

_FRAMES = 24
"""An association and a few requests, so that the start of a failing conversation is kept; 3 KB per meter."""


class RecentFrames:
    """Keeps the last frames.

    Args:
        secrets: byte strings that are never shown.
        then: sees the same bytes afterwards; None for nobody.
        clock_s: wall clock, Unix seconds.
    """

    __slots__ = ("_clock_s", "_frames", "_secrets", "_then")

    def __init__(
        self, secrets: Iterable[bytes], then: FrameWatch | None = None, *, clock_s: Callable[[], float] = wall_s
    ) -> None:
        self._secrets = tuple(secrets)
        self._then = then
        self._clock_s = clock_s
        self._frames: deque[tuple[float, str, bytes]] = deque(maxlen=_FRAMES)

    def sent(self, data: bytes) -> None:
        """A request goes out now."""
        self._frames.append((self._clock_s(), "->", data))
        if self._then is not None:
            self._then.sent(data)

    def came(self, frame: bytes) -> None:
        """A whole frame came back."""
        self._frames.append((self._clock_s(), "<-", frame))
        if self._then is not None:
            self._then.came(frame)

    def text(self) -> str:
        """Return them, oldest first, a line each, with the time and the direction. May be called on any thread."""
        mask = Mask(self._secrets)
        return "".join(
            f"{datetime.fromtimestamp(when_s, UTC):%H:%M:%S.%f} {direction} {mask.shown(frame)}\n"
            for when_s, direction, frame in tuple(self._frames)
        )
