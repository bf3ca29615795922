"""Gathers what a port sends that is not a meter's answer, and says what that tells about who is there. Pure.

One strange answer proves little: it may be left over on the line, a registration, or lack a byte. So a question is
asked once more before much is made of it, and only repetition ends the questions.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bridge.cli.probe.port_questions import PortFinding, judge_text, quotation
from bridge.dlms.stray_bytes import identify, identify_push, printable

if TYPE_CHECKING:
    from bridge.cli.probe.port_questions import PortKind
    from bridge.dlms.stray_bytes import StrayBytes

_DAMAGED = 2
_MORE_AFTER_PUSH = 4  # questions, for there are meters that push and answer
_TEXTS = 3
"""Whoever answers this many questions with text is not a meter."""
_TELEGRAM, _STX = "P1, ", b"\x02"
_TAIL_BYTES = 2048
_OF_A_LINE: dict[str, PortKind] = {
    "flow-control": "flow-control",
    "short": "short",
    "damaged": "damaged",
    "parity": "parity",
    "text": "banner",
}


class NoAnswer:
    """What one port sent besides answers."""

    def __init__(self) -> None:
        self.greeting = ""
        """Text that came before anything was asked, or in place of the first answer: a converter that registers."""
        self.is_confused = False
        """Whether what came last was strange: the question is worth asking again, on a new connection."""
        self.is_registration = False
        """Whether it was a registration: the question is worth asking again on the same connection."""
        self._odd = b""
        self._tail = b""
        self._pushed: StrayBytes | None = None
        self._pushed_at = 0
        self._damaged: Counter[str] = Counter()
        self._texts = 0

    def before_asking(self, heard: bytes) -> PortFinding | None:
        """Note what came by itself on the first connection; return what is there where that says it all."""
        if heard and (said := judge_text(heard) or _out_of_order(heard)):
            return said
        self.greeting = printable(heard)
        if not self.greeting:
            self._odd = heard  # left over on the serial line, perhaps: a meter may stand behind it
        return None

    def on_reconnecting(self, heard: bytes) -> None:
        """Note what came by itself on a further connection."""
        if not printable(heard):
            self._odd = self._odd or heard

    def next_question(self) -> None:
        """Begin anew with what is said of the last answer alone."""
        self.is_confused = self.is_registration = False

    def telegram(self, heard: bytes) -> PortFinding | None:
        """Return that readings as text came for the asking, between STX and ETX; what is pushed has neither."""
        told = identify_push(heard)
        if told is None or not told.said.startswith(_TELEGRAM) or _STX not in heard:
            return None
        return PortFinding("telegram", told.said.removeprefix(_TELEGRAM))

    def weigh(self, heard: bytes, questions: int) -> PortFinding | None:
        """Note what came and was no answer; return what is there where that says it all.

        Args:
            heard: what came, the echo of the question left out.
            questions: how many were asked so far.
        """
        self.is_confused = False
        if (is_known := _out_of_order(heard) or judge_text(heard)) is not None:
            return is_known
        self._tail = (self._tail + heard)[-_TAIL_BYTES:]  # on a slow line a frame outlasts a question
        if (pushed := identify_push(self._tail)) is not None:
            self._pushed = self._pushed or pushed
            self._pushed_at = self._pushed_at or questions
            return None
        if not (text := printable(heard)):
            found = identify(heard)
            self._damaged.update([found.kind] if found and found.kind in _OF_A_LINE else [])
            self.is_confused = found is not None
        elif text == self.greeting:
            return None
        else:
            self._texts += 1
            if self._texts == 1 and not self.greeting:
                self.greeting, self.is_confused, self.is_registration = text, True, True
                return None
        self._odd = self._odd or heard
        return None

    def is_enough(self, questions: int) -> bool:
        """Return whether enough was heard to say what is there, without a meter's answer."""
        if self._pushed is not None and questions - self._pushed_at >= _MORE_AFTER_PUSH:
            return True
        return bool(judge_text(self._odd)) or self._texts >= _TEXTS or self._damaged.total() >= _DAMAGED

    def verdict(self) -> PortFinding | None:
        """Return what is there, by all that came; None when nothing did."""
        if self._pushed is not None:
            return PortFinding("push", self._pushed.said, greeting=self.greeting)
        if self._odd:
            return judge_text(self._odd) or self._oddity()
        return PortFinding("talks", self.greeting) if self.greeting else None

    def _oddity(self) -> PortFinding:
        """Return what the bytes are that came and were no answer."""
        found = identify(self._odd)
        said = found.said if found is not None else quotation(self._odd)
        kind = _OF_A_LINE.get(found.kind) if found is not None else None
        return PortFinding(kind or "other", said)


def _out_of_order(heard: bytes) -> PortFinding | None:
    """Return that the converter talks Telnet, where it does: no frame is safe then."""
    found = identify(heard)
    return PortFinding("telnet", found.said) if found is not None and found.kind == "telnet" else None
