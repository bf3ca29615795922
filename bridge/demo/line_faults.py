"""What happens to the demo meter's answers on their way: lost, damaged, late, in pieces. Pure: frames in, acts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.demo.faults import Faults

_SPLIT_PAUSE_S = 0.0005  # long enough for the receiver to be woken up by each byte


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes, in one piece."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection by RST."""


Act = Send | Pause | Reset


class LineFaults:
    """The line of one connection.

    Args:
        faults: what goes wrong on it.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._held = b""
        self._short: bytes | None = None  # an answer that came short comes short again

    def acts(self, received: bytes, frames: list[bytes]) -> list[Act]:
        """Return what happens on the line after ``received`` was answered by ``frames``."""
        faults = self._faults
        if not faults:
            return [Send(b"".join(frames))] if frames else []
        acts: list[Act] = [Send(received)] if faults.has("echo") else []
        if frames and (faults.strikes("silent") or faults.strikes("drop")):
            frames = []
        data = self._shortened(self._joined([self._bent(frame) for frame in frames]))
        if data and faults.strikes("late"):
            data, self._held = b"", self._held + data
        elif data:
            data, self._held = self._held + data, b""
        if data and faults.has("delay"):
            acts.append(Pause(float(faults.text("delay"))))
        if data and faults.strikes("reset"):
            return [*acts, Send(data[: len(data) // 2]), Reset()]
        return acts + self._paced(data)

    def _shortened(self, data: bytes) -> bytes:
        """Return what is left of the answer when bytes of it are lost."""
        faults = self._faults
        if data and faults.strikes("missing-last-byte"):
            data = data[:-1]
        if faults.happens("short"):
            self._short = data
        if data == self._short:
            data = data[:-2] + data[-1:]
        if faults.has("xon-xoff"):
            data = data.translate(None, b"\x11\x13")
        if data and faults.strikes("half-frames"):
            data = data[: len(data) // 2]
        return data

    def _bent(self, frame: bytes) -> bytes:
        """Return the frame, perhaps with a byte flipped; its flags and the wrapper's header are spared."""
        if not self._faults.strikes("corrupt"):
            return frame
        at = self._faults.rng.randrange(8 if len(frame) > 9 else 1, len(frame) - 1)
        return frame[:at] + bytes((frame[at] ^ 1 << self._faults.rng.randrange(8),)) + frame[at + 1 :]

    def _joined(self, frames: list[bytes]) -> bytes:
        data = b""
        for frame in frames:
            data += self._garbage()
            shared = self._faults.has("shared-flag") and data.endswith(b"\x7e") and frame.startswith(b"\x7e")
            data += frame[1:] if shared else frame
        return data + (self._garbage() if frames else b"")

    def _garbage(self) -> bytes:
        rng = self._faults.rng
        return rng.randbytes(rng.randrange(1, 20)) if self._faults.strikes("garbage") else b""

    def _paced(self, data: bytes) -> list[Act]:
        if not data:
            return []
        if self._faults.has("slow"):
            pause_s = 1 / float(self._faults.text("slow"))
        elif self._faults.has("split"):
            pause_s = _SPLIT_PAUSE_S
        else:
            return [Send(data)]
        return [act for byte in data for act in (Send(bytes((byte,))), Pause(pause_s))]
