"""HDLC as the demo meter speaks it: the secondary station of one client, frames in, frames out.

gurux-dlms 1.0.203 cannot do it on the meter's side (its segmentation and windows are unfinished), so it is done here
by the standard: ISO/IEC 13239 as IEC 62056-46 uses it, unbalanced, normal response mode. It does not look
into APDUs.

Rules
    A link begins with SNRM, answered by UA with the sizes that both sides can do; until then everything but
    SNRM is answered by DM (6.4.4.2).
    An answer longer than the agreed information field goes in segments, all but the last with the S bit; after a
    window of them the client has to answer RR. What it did not acknowledge is sent again.
    A repeated I frame gets the same answer and is not executed twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.demo.faults import TEXT, Faults
from bridge.dlms.framing import fcs16

if TYPE_CHECKING:
    from collections.abc import Callable

SNRM, DISC, UA, DM, FRMR, UI = 0x83, 0x43, 0x63, 0x0F, 0x87, 0x03  # control fields without the P/F bit (6.4.3)
_PF = 0x10
_DEFAULT_INFO_BYTES = 128  # what stands where SNRM says nothing (6.4.4.4.3.2)
LLC_REQUEST, LLC_ANSWER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"  # the logical link control header (6.3)


@dataclass(frozen=True, slots=True)
class Header:
    """Addresses (as on the wire), control field, segmentation bit and information of a frame whose FCS holds."""

    destination: bytes
    source: bytes
    control: int
    segmented: bool
    information: bytes


def parse(frame: bytes) -> Header:
    """Take apart a whole frame with both flags; the framer has checked its sequences and lengths."""
    ends = []
    at = 3
    for _ in range(2):
        start = at
        while not frame[at] & 1:
            at += 1
        at += 1
        ends.append((start, at))
    destination, source = (frame[start:end] for start, end in ends)
    # Behind the control field: the header's check sequence when there is an information field, else the frame's.
    information = frame[at + 3 : -3] if len(frame) > at + 4 else b""
    return Header(destination, source, frame[at], bool(frame[1] & 0x08), information)


def build(
    destination: bytes, source: bytes, control: int, information: bytes = b"", *, segmented: bool = False
) -> bytes:
    """Return the frame with both flags (frame format type 3, 6.4.1)."""
    length = 2 + len(destination) + len(source) + 1 + 2 + (len(information) + 2 if information else 0)
    head = bytes((0xA0 | segmented << 3 | length >> 8, length & 0xFF)) + destination + source + bytes((control,))
    head += fcs16(head).to_bytes(2, "little")
    if information:
        head += information
        head += fcs16(head).to_bytes(2, "little")
    return b"\x7e" + head + b"\x7e"


def address(value: int, size: int) -> bytes:
    """Return a server or client address on the wire: seven bits a byte, the last byte's lowest bit set (6.4.2.2).

    Args:
        value: 1 byte: the address. 2 bytes: upper << 7 | lower. 4 bytes: upper << 14 | lower.
        size: bytes on the wire: 1, 2 or 4.
    """
    parts = [value >> 7 * n & 0x7F for n in reversed(range(size))]
    return bytes(part << 1 | (n == size - 1) for n, part in enumerate(parts))


def address_value(wire: bytes) -> int:
    """Return the value of an address on the wire, as :func:`address` takes it."""
    value = 0
    for byte in wire:
        value = value << 7 | byte >> 1
    return value


class HdlcStation:
    """The meter's end of the link with one client.

    Args:
        respond: given a whole request APDU, returns the answer's; empty to stay silent.
        forget: called when the link is reset or ends: the association goes with it.
        max_info_bytes: the largest information field that this meter sends and takes.
        window: the most frames that it sends, or takes, without an RR between.
        faults: what goes wrong on purpose.
    """

    def __init__(
        self,
        respond: Callable[[bytes], bytes],
        forget: Callable[[], None],
        *,
        max_info_bytes: int,
        window: int,
        faults: Faults | None = None,
    ) -> None:
        self._respond = respond
        self._faults = faults or Faults()
        self._forget = forget
        self._own_info_bytes, self._own_window = max_info_bytes, window
        self.connected = False
        self._begin(_DEFAULT_INFO_BYTES, 1)

    def _begin(self, send_bytes: int, send_window: int) -> None:
        self._send_bytes, self._send_window = send_bytes, send_window
        self._sent = self._acknowledged = self._received = 0  # V(S), the client's last N(R), V(R); all modulo 8
        self._outgoing: list[tuple[bytes, bool]] = []  # segments from the first unacknowledged on, with their S bit
        self._request = bytearray()

    def drop(self) -> None:
        """Lose the link silently, as a meter does after a power cut or its inactivity time-out."""
        self.connected = False
        self._begin(_DEFAULT_INFO_BYTES, 1)
        self._forget()

    def answer(self, frame: Header) -> list[bytes]:
        """Return the frames that answer ``frame``."""
        if self._faults.has("short-address"):
            frame = replace(frame, destination=frame.destination[-1:])
        control = frame.control & ~_PF
        if control == SNRM:
            return [self._connect(frame)]
        if not self.connected:
            return [self._frame(frame, DM)]
        if control == DISC:
            self.drop()
            return [self._frame(frame, UA)]
        if not frame.control & 0x01:
            return self._information(frame)
        if frame.control & 0x0F in (0x01, 0x05):  # RR, RNR
            self._acknowledge(frame.control >> 5)
            return self._segments(frame) if self._outgoing else [self._ready(frame)]
        return [] if control == UI else self._reject(frame)

    def _connect(self, frame: Header) -> bytes:
        theirs = _parameters(frame.information)
        # What the client receives bounds what we send, and the other way round (6.4.4.4.3.2).
        send = min(self._own_info_bytes, theirs.get(6, _DEFAULT_INFO_BYTES))
        take = min(self._own_info_bytes, theirs.get(5, _DEFAULT_INFO_BYTES))
        window, take_window = min(self._own_window, theirs.get(8, 1)), min(self._own_window, theirs.get(7, 1))
        self.drop()
        self.connected = True
        self._begin(send, window)
        sizes = b"".join(
            bytes((name, size)) + value.to_bytes(size)
            for name, size, value in (
                (5, 2 if send > 0xFF else 1, send),
                (6, 2 if take > 0xFF else 1, take),
                (7, 4, window),
                (8, 4, take_window),
            )
        )
        return self._frame(frame, UA, bytes((0x81, 0x80, len(sizes))) + sizes)

    def _information(self, frame: Header) -> list[bytes]:
        number = frame.control >> 1 & 7
        self._acknowledge(frame.control >> 5)
        if number != self._received:
            if number == (self._received - 1) % 8:  # the client did not hear the answer and asks again
                return self._segments(frame) if frame.control & _PF and self._outgoing else [self._ready(frame)]
            return self._reject(frame)
        self._received = (self._received + 1) % 8
        self._request += frame.information
        if frame.segmented:
            return [self._ready(frame)] if frame.control & _PF else []
        request = bytes(self._request)
        self._request.clear()
        if not request.startswith(LLC_REQUEST):
            return [self._ready(frame)]
        return self._respond_in_segments(frame, request[len(LLC_REQUEST) :])

    def _respond_in_segments(self, frame: Header, request: bytes) -> list[bytes]:
        apdu = self._respond(request)
        if self._faults.happens("frmr"):
            return self._reject(frame)
        if not apdu or not self.connected:
            return [] if self.connected else [self._frame(frame, DM)]
        information = TEXT if self._faults.has("text") else LLC_ANSWER + apdu
        size = self._send_bytes
        pieces = [information[at : at + size] for at in range(0, len(information), size)]
        self._outgoing = [(piece, n < len(pieces) - 1) for n, piece in enumerate(pieces)]
        self._acknowledged = self._sent
        return self._segments(frame)

    def _acknowledge(self, received: int) -> None:
        """Drop the segments that the client's N(R) acknowledges; an N(R) outside of what was sent is ignored."""
        news = (received - self._acknowledged) % 8
        if news <= (self._sent - self._acknowledged) % 8:
            del self._outgoing[:news]
            self._acknowledged = received

    def _segments(self, frame: Header) -> list[bytes]:
        """Send a window of segments from the first that is not acknowledged on; the last one carries the F bit."""
        window = self._outgoing[: self._send_window]
        frames = []
        for n, (piece, more) in enumerate(window):
            number = (self._acknowledged + n) % 8
            final = _PF if n == len(window) - 1 else 0
            frames.append(
                build(
                    frame.source,
                    frame.destination,
                    self._received << 5 | number << 1 | final,
                    piece,
                    segmented=more,
                )
            )
        self._sent = (self._acknowledged + len(window)) % 8
        return frames

    def _ready(self, frame: Header) -> bytes:
        return build(frame.source, frame.destination, self._received << 5 | 0x01 | _PF)

    def _reject(self, frame: Header) -> list[bytes]:
        """Answer FRMR: the control field that was refused, our counters, and why: invalid N(S) or control (W)."""
        state = self._received << 5 | _PF | self._sent << 1
        return [self._frame(frame, FRMR, bytes((frame.control, state, 0x01)))]

    def _frame(self, frame: Header, control: int, information: bytes = b"") -> bytes:
        return build(frame.source, frame.destination, control | _PF, information)


def _parameters(information: bytes) -> dict[int, int]:
    """Return the parameters of SNRM: 5, 6 the client's send and receive sizes, 7, 8 its windows."""
    found = {}
    at = 3  # format identifier, group identifier, length
    while at + 2 <= len(information):
        size = information[at + 1]
        found[information[at]] = int.from_bytes(information[at + 2 : at + 2 + size])
        at += 2 + size
    return found
