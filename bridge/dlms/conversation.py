"""A conversation: a generator that yields the bytes to send and is sent the frames that come back.

How a conversation is driven
    ``yield request``   send these bytes and send back the next whole frame
    ``yield b""``       send nothing: one more frame belongs to the answer
    ``yield UNASKED``   the same; the frame that came last is what the meter sent by itself, and may be passed on
    ``yield volley``    send its ``request``, let it ``take`` the next whole frame, send what is its request then, and
                        so on; send back b"" when nothing is left to ask, else the frame that it does not take
    throw a :class:`~bridge.errors.ReplyTimeout` in when no frame came in time: the conversation asks again as its
    framing allows, or lets the error out. Every other error ends it, and the association with it.

``stream.py`` drives them over TCP; the tests drive them by hand with bytes and no network.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.ciphering import Cipher
    from bridge.dlms.volley import NumberedTurn, Volley

T = TypeVar("T")
Conversation = Generator["bytes | Volley", bytes, T]

NEW_CONNECTION = b"\x00a new connection"
"""Asks for another connection: some converters and meters hang up after a release. A shared connection stays.
Recognised by identity."""


class _Nothing(bytes):
    """No octets, and yet told from others that are none."""


UNASKED = _Nothing()
"""Sends nothing, and says of the frame that came last that nobody asked for it. Recognised by identity."""

MOST_STRAY_FRAMES = 16
"""How many frames for others, late ones and echoes are skipped before giving up on an answer."""


class DataLink(Protocol):
    """The layer that carries APDUs: HDLC or the wrapper."""

    asks_again: bool
    """Whether this layer itself repeats what stayed unanswered; if not, the layer above must ask anew."""
    late: int
    """Frames dropped so far because they answered nothing that was still asked."""
    notifications: int
    """Unsolicited frames that came so far."""

    @property
    def max_request_bytes(self) -> int:
        """Longest APDU that goes to the meter in one frame."""

    def connect(self) -> Conversation[None]:
        """Open the data link. Raises AssociationError when the meter refuses, ReplyTimeout when it is silent."""

    def ask(
        self, apdu: bytes, *, again: Callable[[], bytes] | None = None, secret: bool = False
    ) -> Conversation[bytes]:
        """Send ``apdu`` and return the APDU that answers it.

        Args:
            apdu: the request.
            again: makes the request anew for a repetition; ciphered bytes must never go out twice. The same bytes
                when None.
            secret: whether it carries a password or a proof: each time that it goes out, a meter may count.
        """

    @property
    def may_volley(self) -> bool:
        """Whether a volley may go out now."""

    def volley(self, questions: NumberedTurn, cipher: Cipher | None) -> Conversation[Volley]:
        """Ask what has an answer of known shape, one question after the other; sealed where there is a cipher.

        Where one is answered otherwise, or not at all, the volley is over. The next thing asked must be that question:
        :meth:`ask` does not send it again, and takes what came.
        """

    def more(self, *, unasked: bool = False) -> Conversation[bytes]:
        """Return one more APDU of the meter: the last one was none that was asked for.

        Args:
            unasked: whether the meter sent that one by itself.
        """

    def disconnect(self) -> Conversation[None]:
        """Close the data link, so that the meter is free for the next client at once."""
