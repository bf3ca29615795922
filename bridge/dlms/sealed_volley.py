"""A volley under a key: each request is sealed as the volley begins, each answer opened before it is compared.

What stands around the sealed content is known like the frame around a plain answer; the content is judged once it is
opened. An answer counts as received only when the volley takes it: else the conversation judges it anew.
"""

from __future__ import annotations

import binascii
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.framing import FLAG, MIRROR, RESIDUE, fcs16
from bridge.dlms.volley import Volley

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from bridge.dlms.ciphering import Cipher
    from bridge.dlms.volley import Question


class SealedExchange(NamedTuple):
    """A request to be sealed, and the answer that must come back."""

    plain: bytes
    request_head: bytes
    """Of the frame that goes out, as far as the counter."""
    size: int
    head: bytes
    """Of the frame that comes back, as far as the counter."""
    state: int
    """Of the check sequence behind the head; -1 where frames have none."""
    plain_head: bytes
    """Of what is opened, as far as its first value."""
    values: Callable[[bytes], tuple[Any, ...]]
    """Takes the values out of what is opened, and what stands between them."""
    marks: tuple[bytes, ...]
    """What must stand between them."""


def sealed_exchange(
    request_head: bytes, head: bytes, sealed_bytes: int, question: Question, *, is_checked: bool
) -> SealedExchange:
    """Return one exchange.

    Args:
        request_head: of the frame that goes out, as far as the counter.
        head: of the frame that comes back.
        sealed_bytes: of the answer, from the counter on.
        question: what is asked, in plain.
        is_checked: whether a check sequence and a flag end a frame, as in HDLC.
    """
    state = binascii.crc_hqx(head[1:].translate(MIRROR), 0xFFFF) if is_checked else -1
    values = Struct(f">{len(question.head)}x{question.shape.codes}").unpack
    size = len(head) + sealed_bytes + (3 if is_checked else 0)
    return SealedExchange(question.apdu, request_head, size, head, state, question.head, values, question.shape.marks)


class SealedVolley(Volley):
    """Exchanges one after the other under a key.

    Args:
        exchanges: at least one.
        cipher: of the association.

    Raises:
        AssociationError: no reserved counter is left. Reserve, then associate again.
    """

    __slots__ = ("_cipher", "_requests", "_sealed")

    def __init__(self, exchanges: Sequence[SealedExchange], cipher: Cipher) -> None:
        super().__init__(())
        self._sealed = exchanges
        self._cipher = cipher
        self._requests = [_request(one, cipher) for one in exchanges]
        self.request = self._requests[0]

    def take(self, frame: bytes) -> bool:
        """See :meth:`Volley.take`."""
        _, _, size, head, state, plain_head, values, marks = self._sealed[self.answered]
        if len(frame) != size or not frame.startswith(head):
            return False
        sealed = frame[len(head) :]
        if state >= 0:
            if frame[-1] != FLAG or binascii.crc_hqx(sealed[:-1].translate(MIRROR), state) != RESIDUE:
                return False
            sealed = sealed[:-3]
        plain = self._cipher.unsealed(sealed)
        if plain is None or not plain.startswith(plain_head):
            return False
        found = values(plain)
        if found[1::2] != marks:
            return False
        self._cipher.last_received = int.from_bytes(sealed[:4])
        self.values += found[::2]
        self.answered = answered = self.answered + 1
        self.request = self._requests[answered] if answered < len(self._requests) else b""
        return True


def _request(one: SealedExchange, cipher: Cipher) -> bytes:
    frame = one.request_head + cipher.seal(one.plain)
    return frame if one.state < 0 else frame + fcs16(frame[1:]).to_bytes(2, "little") + b"\x7e"
