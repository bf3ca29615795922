"""What comes out of a stream of pushed bytes: whole APDUs, and refusals in words. Types alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

PushFraming = Literal["wrapper", "hdlc", "m-bus", "bare"]
"""How a message stood in the stream."""

PushReason = Literal[
    "stray",  # bytes that begin no message: a modem's text, a keep-alive
    "damaged",  # a frame whose check sequence or checksum does not hold
    "too-long",  # more than one message may have
    "incomplete",  # its rest never came, or a piece in its middle
    "unsupported",  # a message that there is, and that is not understood here
    "malformed",  # a message that makes no sense
    "unknown-title",  # ciphered by a meter that nobody knows
    "wrong-key",  # ciphered with other keys
    "replayed",  # under an invocation counter that was had already
]
"""Why something was not taken; the label of a figure, so a short fixed list."""

LONGEST_SHOWN = 64
"""Octets of what was refused that go along with a refusal."""


class PushLimits(NamedTuple):
    """What one connection may make the listener hold.

    Args:
        message_bytes: the longest message, and the most of unfinished ones together.
        pieces: in how many segments or blocks a message may come.
        senders: how many unfinished messages may be under way, as of meters behind one converter.
    """

    message_bytes: int = 1 << 16
    pieces: int = 1024
    senders: int = 8


class PushApdu(NamedTuple):
    """One whole APDU as it was pushed, joined of its pieces.

    Args:
        apdu: from its tag on; ciphered, perhaps.
        framing: what it stood in.
        source: the address of who sent it: wrapper port, HDLC address (upper and lower part in one number, seven bits
            each), M-Bus transport access point; 0 where it stood bare.
        destination: to whom, the same.
    """

    apdu: bytes
    framing: PushFraming
    source: int = 0
    destination: int = 0


class PushRefusal(NamedTuple):
    """What was not taken.

    Args:
        reason: why, in one of few words.
        said: what happened, for people; begins with a verb, as after a meter's name.
        octets: the beginning of it.
        is_fatal: whether nobody can tell where the next message begins: close the connection.
    """

    reason: PushReason
    said: str
    octets: bytes = b""
    is_fatal: bool = False
