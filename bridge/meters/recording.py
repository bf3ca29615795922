"""A conversation with a meter written down, so that it can be looked at, sent to others, and played back in a test.

Knows frames only. Nothing secret is written; see below. A recorder is a ``FrameWatch``.

The format, version 1: text, UTF-8, one line each, read from top to bottom.

    # dlms-bridge conversation 1        the first line: what this is, and the version
    # framing: hdlc                     facts about the meter: ``# name: value``; unknown names are passed over
    > 0.0 7E A0 07 03 21 93 0F 01 7E    a request: milliseconds since the first line of it, then the octets in hex
    < 41.3 7E A0 1E 21 03 73 …          one whole frame that came back
    # some text                         a remark; it may stand anywhere, and so may empty lines

``>`` is from us to the meter, ``<`` from the meter to us. A request that was repeated stands there twice; silence is
the gap between the milliseconds. What ``>`` holds was written in one go and may be several frames; ``<`` is one frame.

``**`` is an octet that is hidden; which ones, :class:`~bridge.meters.trace.Mask` says. Serial numbers and readings are
not hidden: look before you publish.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bridge.meters.trace import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from bridge.configuration.meter import Meter

TITLE = "# dlms-bridge conversation 1"
_HIDDEN = "**"
_LINE = re.compile(r"([<>]) (\d+(?:\.\d+)?) ((?:[0-9A-F]{2}|\*\*)(?: (?:[0-9A-F]{2}|\*\*))*)")
_FACT = re.compile(r"# ([a-z_]+): (.*)")


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One line of a conversation.

    Args:
        direction: ``>`` to the meter, ``<`` from it.
        at_ms: milliseconds since the conversation began.
        data: the octets; hidden ones are 0.
        hidden: where the hidden ones stand.
    """

    direction: Literal["<", ">"]
    at_ms: float
    data: bytes
    hidden: frozenset[int] = frozenset()

    def matches(self, data: bytes) -> bool:
        """Return whether ``data`` is what was recorded, ignoring hidden octets."""
        return len(data) == len(self.data) and all(
            at in self.hidden or mine == theirs for at, (mine, theirs) in enumerate(zip(self.data, data, strict=True))
        )


@dataclass(frozen=True, slots=True)
class RecordedConversation:
    """What :func:`parse` found: the facts of the header, and the lines in order."""

    facts: Mapping[str, str]
    lines: tuple[RecordedFrame, ...]


class Recorder:
    """Writes a conversation as it happens; one file per meter and run.

    Args:
        out: where to write; it stays open.
        meter: whose conversation it is. Its secrets are hidden.
        remark: one more line for people: which meter, when, why.
        clock_s: a clock that never goes back, seconds.
    """

    def __init__(
        self, out: TextIO, meter: Meter, *, remark: str = "", clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._mask = Mask(meter.secrets)
        self._clock_s = clock_s
        self._began_s: float | None = None
        out.write(f"{TITLE}\n")
        out.writelines(f"# {name}: {value}\n" for name, value in _facts(meter).items())
        if remark:
            out.write(f"# {_one_line(remark)}\n")

    def sent(self, data: bytes) -> None:
        """Write down a request."""
        self._write(">", data)

    def came(self, frame: bytes) -> None:
        """Write down a frame that came back."""
        self._write("<", frame)

    def _write(self, direction: str, data: bytes) -> None:
        now_s = self._clock_s()
        if self._began_s is None:
            self._began_s = now_s
        self._out.write(f"{direction} {(now_s - self._began_s) * 1000:.1f} {self._mask.shown(data)}\n")


def parse(text: str) -> RecordedConversation:
    """Return the conversation that ``text`` holds.

    Raises:
        ValueError: it is none, or a line of it makes no sense; the text says which.
    """
    facts: dict[str, str] = {}
    lines: list[RecordedFrame] = []
    for number, line in enumerate(text.splitlines(), 1):
        if number == 1:
            if line != TITLE:
                raise ValueError(f"line 1: a conversation begins with {TITLE!r}")
        elif fact := _FACT.fullmatch(line):
            facts.setdefault(fact[1], fact[2])
        elif line.strip() and not line.startswith("#"):
            found = _LINE.fullmatch(line)
            if found is None:
                raise ValueError(f"line {number}: neither '> MS OCTETS' nor '< MS OCTETS'")
            pairs = found[3].split(" ")
            lines.append(
                RecordedFrame(
                    "<" if found[1] == "<" else ">",
                    float(found[2]),
                    bytes(0 if pair == _HIDDEN else int(pair, 16) for pair in pairs),
                    frozenset(at for at, pair in enumerate(pairs) if pair == _HIDDEN),
                )
            )
    return RecordedConversation(facts, tuple(lines))


def _facts(meter: Meter) -> dict[str, str | int]:
    """Return what must be known to make sense of the frames, and nothing that says whose meter it is."""
    facts: dict[str, str | int] = {
        "framing": meter.framing,
        "referencing": meter.referencing,
        "client": meter.client,
        "server": meter.server,
        "server_address_bytes": meter.server_address_bytes,
        "authentication": meter.authentication,
        "profile": _one_line(meter.profile),
    }
    if meter.keys is not None:
        facts |= {"security": f"{meter.keys.security:02X}", "suite": meter.keys.suite}
        facts["system_title"] = meter.keys.system_title.hex().upper()
    return facts


def _one_line(text: str) -> str:
    return "".join(ch for ch in text if ch.isprintable())
