"""A meter's frames in the log, in hex, for whom ``LOG__TRACE_METERS`` asks. Never a secret among them."""

from __future__ import annotations

from loguru import logger

_MASK = "**"


class Trace:
    """Says the frames of one meter.

    Args:
        meter: its name.
        secrets: byte strings that are masked wherever they stand; a password goes in clear within the AARQ.
    """

    def __init__(self, meter: str, secrets: tuple[bytes, ...]) -> None:
        self._meter = meter
        self._secrets = tuple(secret for secret in secrets if secret)
        self._log = logger.bind(meter=meter, trace=True)

    def sent(self, frames: bytes) -> None:
        """A request went out."""
        self._log.info("{} | -> {}", self._meter, self._shown(frames))

    def came(self, frame: bytes) -> None:
        """A whole frame came back."""
        self._log.info("{} | <- {}", self._meter, self._shown(frame))

    def _shown(self, data: bytes) -> str:
        masked = [False] * len(data)
        for secret in self._secrets:
            at = data.find(secret)
            while at >= 0:
                masked[at : at + len(secret)] = [True] * len(secret)
                at = data.find(secret, at + 1)
        pairs = (_MASK if hidden else f"{octet:02X}" for octet, hidden in zip(data, masked, strict=True))
        return " ".join(pairs)
