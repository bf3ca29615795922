"""HDLC frames as bytes (IEC 62056-46): addresses, control fields, the parameters of SNRM and UA. Holds no state."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bridge.dlms.framing import fcs16
from bridge.dlms.overheard import quoted_text
from bridge.dlms.sealed_volley import sealed_exchange
from bridge.dlms.volley import exchange
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from bridge.dlms.ciphering import SealedForm
    from bridge.dlms.sealed_volley import SealedExchange
    from bridge.dlms.volley import Exchange, NumberedTurn

SNRM: Final = 0x93
DISC: Final = 0x53
"""Commands, with the poll bit."""
UA: Final = 0x63
DM: Final = 0x0F
FRMR: Final = 0x87
UI: Final = 0x03
"""Answers, without the final bit (6.4.3)."""
POLL: Final = 0x10
RR: Final = 0x01
RNR: Final = 0x05
SEGMENTED: Final = 0x08
"""Of the first format byte."""
LLC_REQUEST: Final = b"\xe6\xe6\x00"
LLC_ANSWER: Final = b"\xe6\xe7\x00"
DEFAULT_INFO_BYTES: Final = 128
"""Information field and window of 1 unless negotiated otherwise (6.4.4.4.3.2)."""
_LONGEST_INFO = 2030
"""Longest information field: the length field has eleven bits, and counts addresses and check sequences too."""


def address(value: int, octets: int = 0) -> bytes:
    """Return an HDLC address as it stands on the wire (6.4.2): seven bits an octet, the last one marked.

    Args:
        value: the address; for two and four octets the upper part in the higher bits.
        octets: 1, 2 or 4; 0 takes the shortest that holds ``value``.

    Raises:
        ValueError: the address does not fit. The settings see to it that it does.
    """
    octets = octets or next(size for size in (1, 2, 4) if value < 1 << 7 * size or size == 4)
    if value >= 1 << 7 * octets:
        raise ValueError(f"the HDLC address {value} does not fit in {octets} octets")
    septets = [(value >> 7 * place & 0x7F) << 1 for place in reversed(range(octets))]
    septets[-1] |= 1
    return bytes(septets)


def hdlc_frame(outward: bytes, control: int, info: bytes, *, segmented: bool = False) -> bytes:
    """Return a whole frame; the header has a check sequence of its own only before an information field."""
    length = 2 + len(outward) + 1 + 2 + (len(info) + 2 if info else 0)
    kind = 0xA0 | (SEGMENTED if segmented else 0) | length >> 8
    header = bytes((kind, length & 0xFF)) + outward + bytes((control,))
    body = header + fcs16(header).to_bytes(2, "little") + info if info else header
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


def frame_head(outward: bytes, control: int, info_bytes: int, info: bytes) -> bytes:
    """Return the first octets of a frame with ``info_bytes`` of information, as far as ``info``, which begins it."""
    length = 2 + len(outward) + 1 + 2 + info_bytes + 2
    header = bytes((0xA0 | length >> 8, length & 0xFF)) + outward + bytes((control,))
    return b"\x7e" + header + fcs16(header).to_bytes(2, "little") + info


@lru_cache(maxsize=1 << 14)
def kept_frame(outward: bytes, control: int, apdu: bytes) -> bytes:
    """Return the frame of a request that comes again and again.

    Eight frames each, for all meters of one address and profile.
    """
    return hdlc_frame(outward, control, LLC_REQUEST + apdu)


@lru_cache(maxsize=1 << 12)
def exchanges(outward: bytes, inward: bytes, numbers: tuple[int, int], questions: NumberedTurn) -> tuple[Exchange, ...]:
    """Return the frames of questions, the first of them under these sequence numbers: our next one, the meter's."""
    sent, received = numbers
    made = []
    for question in questions:
        request = kept_frame(outward, received << 5 | POLL | sent << 1, question.apdu)
        sent = sent + 1 & 7
        head = LLC_ANSWER + question.head
        head = frame_head(inward, sent << 5 | POLL | received << 1, len(head) + question.shape.rest_bytes, head)
        made.append(exchange(request, head, question.shape, is_checked=True))
        received = received + 1 & 7
    return tuple(made)


@lru_cache(maxsize=1 << 12)
def sealed_exchanges(
    outward: bytes, inward: bytes, numbers: tuple[int, int], questions: NumberedTurn, form: SealedForm
) -> tuple[SealedExchange, ...]:
    """Return the same of questions that are sealed."""
    sent, received = numbers
    made = []
    for question in questions:
        asked, answered = len(question.apdu), len(question.head) + question.shape.rest_bytes
        head = LLC_REQUEST + form.request_head(asked)
        request = frame_head(outward, received << 5 | POLL | sent << 1, len(head) + form.sealed_bytes(asked), head)
        sent = sent + 1 & 7
        head = LLC_ANSWER + form.answer_head(answered)
        head = frame_head(inward, sent << 5 | POLL | received << 1, len(head) + form.sealed_bytes(answered), head)
        made.append(sealed_exchange(request, head, form.sealed_bytes(answered), question, is_checked=True))
        received = received + 1 & 7
    return tuple(made)


def proposal(info_bytes: int, window: int) -> bytes:
    """Return the parameters of SNRM (6.4.4.4.3.2); none where the defaults do.

    Args:
        info_bytes: information field that is proposed both ways; 0 for the default.
        window: frames the meter may send in a row.
    """
    if not info_bytes and window == 1:
        return b""
    size = info_bytes or DEFAULT_INFO_BYTES
    octets = 1 if size < 0x100 else 2
    sizes = b"".join(bytes((which, octets)) + size.to_bytes(octets) for which in (5, 6))
    windows = b"\x07\x04" + (1).to_bytes(4) + b"\x08\x04" + window.to_bytes(4)
    return bytes((0x81, 0x80, len(sizes + windows))) + sizes + windows


def agreed_info_bytes(parameters: bytes) -> int:
    """Return the longest information field that the meter takes, by its UA; the default where it says none.

    The length of the group is not looked at: there are meters whose own does not fit.
    """
    agreed = DEFAULT_INFO_BYTES
    if parameters[:2] != b"\x81\x80":
        return agreed
    at = 3
    while at + 2 <= len(parameters):
        which, octets = parameters[at], parameters[at + 1]
        value = int.from_bytes(parameters[at + 2 : at + 2 + octets])
        if which == 6 and value >= len(LLC_REQUEST) + 1:  # its receiving is our sending
            agreed = min(value, _LONGEST_INFO)
        at += 2 + octets
    return agreed


def without_llc(payload: bytes) -> DecodeError:
    """Return what an answer without the LLC header is."""
    text = quoted_text(payload)
    return DecodeError(
        f"sent text in a frame: {text}" if text else "sent an answer without the LLC header E6 E7 00",
        hint="another protocol behind the same address? check SERVER and CLIENT" if text else "",
    )


def rejection(information: bytes) -> str:
    """Return what FRMR says: the control field that is rejected, and why (6.4.3.7)."""
    if len(information) < 3:
        return information.hex(" ").upper() or "no reason given"
    why = information[2]
    said = [
        text
        for bit, text in (
            (1, "invalid control field"), (2, "no information is allowed in it"), (4, "too long"), (8, "invalid N(R)"),
        )
        if why & bit
    ]  # fmt: skip
    return f"{', '.join(said) or 'no reason given'}; {information.hex(' ').upper()}"
