"""The wrapper's data link with one meter (IEC 62056-47 clause 5): one APDU a wrapper frame. Sans-I/O; knows no APDU.

TCP delivers in order and whole, so nothing is repeated here. A late answer is told by its invoke-id, a layer above.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES, UNASKED
from bridge.dlms.sealed_volley import SealedVolley, sealed_exchange
from bridge.dlms.unasked import is_unasked
from bridge.dlms.volley import Volley, exchange, outcome
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.ciphering import Cipher, SealedForm
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.sealed_volley import SealedExchange
    from bridge.dlms.volley import Come, Exchange, NumberedTurn

_VERSION = b"\x00\x01"
_HEADER = 8
_LONGEST = 0xFFFF


class Wrapper:
    """One meter's data link.

    Args:
        client: client wrapper port, 1 to 65535.
        server: server wrapper port.
    """

    asks_again = False

    def __init__(self, *, client: int, server: int) -> None:
        self._outward = _VERSION + client.to_bytes(2) + server.to_bytes(2)
        self._inward = _VERSION + server.to_bytes(2) + client.to_bytes(2)
        self.late = 0
        """Frames dropped because they were another's, or our own echo."""
        self.notifications = 0  # there are no frames of the link's own
        self._come: Come | None = None  # what came of a request that a volley asked already

    @property
    def max_request_bytes(self) -> int:
        """Longest APDU that goes in one frame."""
        return _LONGEST

    def connect(self) -> Conversation[None]:
        """Nothing: the TCP connection is the data link."""
        self._come = None
        yield from ()

    def disconnect(self) -> Conversation[None]:
        """Nothing: the end of the TCP connection is the end."""
        yield from ()

    def ask(
        self,
        apdu: bytes,
        *,
        again: Callable[[], bytes] | None = None,  # noqa: ARG002 - nothing is repeated here
        secret: bool = False,  # noqa: ARG002
    ) -> Conversation[bytes]:
        """Send ``apdu`` and return the next APDU of this meter.

        Raises:
            ReplyTimeout: silence. Ask anew under another invoke-id.
            DecodeError: frames come, but none of this meter's. Close, wait, connect again.
        """
        come, self._come = self._come, None
        if come is None:
            frame = yield self._outward + len(apdu).to_bytes(2) + apdu
        else:
            frame, apdu = come.frame(), come.request[_HEADER:]
        if frame[:6] == self._inward and frame[_HEADER:] != apdu:
            return frame[_HEADER:]
        self.late += 1
        return (yield from self._next(apdu, self._aside(frame)))

    @property
    def may_volley(self) -> bool:
        """Always: a late answer is told by its invoke-id."""
        return True

    def volley(self, questions: NumberedTurn, cipher: Cipher | None) -> Conversation[Volley]:
        """See :class:`~bridge.dlms.conversation.DataLink`."""
        ends = self._outward, self._inward
        volley = (
            Volley(_exchanges(*ends, questions))
            if cipher is None
            else SealedVolley(_sealed_exchanges(*ends, questions, cipher.form), cipher)
        )
        self._come = yield from outcome(volley)
        return volley

    def more(self, *, unasked: bool = False) -> Conversation[bytes]:
        """Wait for one more APDU."""
        return (yield from self._next(b"", UNASKED if unasked else b""))

    def _next(self, sent: bytes, sending: bytes) -> Conversation[bytes]:
        for _ in range(MOST_STRAY_FRAMES):
            frame = yield sending
            if frame[:6] == self._inward and frame[_HEADER:] != sent:
                return frame[_HEADER:]
            self.late += 1
            sending = self._aside(frame)
        raise DecodeError(f"sent {MOST_STRAY_FRAMES} frames, none of which is for this client")

    def _aside(self, frame: bytes) -> bytes:
        """Return what to send after a frame that is not for this client from this meter: nothing, in either word."""
        is_pushed = is_unasked(frame[_HEADER:], general=frame[4:6] == self._inward[4:6])
        return UNASKED if is_pushed else b""


@lru_cache(maxsize=1 << 12)
def _exchanges(outward: bytes, inward: bytes, questions: NumberedTurn) -> tuple[Exchange, ...]:
    made = []
    for question in questions:
        size = len(question.head) + question.shape.rest_bytes
        request = outward + len(question.apdu).to_bytes(2) + question.apdu
        made.append(exchange(request, inward + size.to_bytes(2) + question.head, question.shape, is_checked=False))
    return tuple(made)


@lru_cache(maxsize=1 << 12)
def _sealed_exchanges(
    outward: bytes, inward: bytes, questions: NumberedTurn, form: SealedForm
) -> tuple[SealedExchange, ...]:
    made = []
    for question in questions:
        asked, answered = len(question.apdu), len(question.head) + question.shape.rest_bytes
        head = form.request_head(asked)
        request = outward + (len(head) + form.sealed_bytes(asked)).to_bytes(2) + head
        head = form.answer_head(answered)
        sealed_bytes = form.sealed_bytes(answered)
        head = inward + (len(head) + sealed_bytes).to_bytes(2) + head
        made.append(sealed_exchange(request, head, sealed_bytes, question, is_checked=False))
    return tuple(made)
