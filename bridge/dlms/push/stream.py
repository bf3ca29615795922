"""What one peer pushes, cut into messages: which framing it talks is told by its first octets. Bytes in, messages out.

Rules
    Told by: wrapper ``00 01``, HDLC ``7E A.``, M-Bus ``68 L L 68``, a bare APDU by its tag. Everything else is stray,
    as the text by which a modem says its name, and comes out as a refusal that carries it.
    A peer that has begun with HDLC stays with it, for two frames may share a flag; the others are told anew at each
    message.
    Held is never more than the limits say; what is said to be longer is refused before it comes.
    No clock: whoever drives this asks :attr:`PushStream.is_partial` after each ``feed`` and calls
    :meth:`PushStream.drop` when a message has been partial for too long, or the connection ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.framing import FLAG
from bridge.dlms.push import mbus
from bridge.dlms.push.bare import TAGS, BareMessage
from bridge.dlms.push.blocks import GENERAL_BLOCK_TRANSFER, block
from bridge.dlms.push.hdlc_push import HdlcMessages
from bridge.dlms.push.messages import LONGEST_SHOWN, PushApdu, PushLimits, PushRefusal
from bridge.dlms.push.pieces import Pieces
from bridge.dlms.stray_bytes import hexadecimal
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from typing import Final

_WRAPPER_VERSION, _WRAPPER_HEADER = b"\x00\x01", 8
_LONGEST_STRAY: Final = 256
_HDLC_FORMAT, _FORMAT_BITS = 0xA0, 0xF0


class _Wait(Exception):  # noqa: N818 - no failure: the rest has not come yet
    """More must come before anything can be said."""


class PushStream:
    """The messages of one connection, or of one datagram.

    Args:
        limits: of what is held.
    """

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._buffer = bytearray()
        self._stray = bytearray()
        self._hdlc: HdlcMessages | None = None
        self._segments = Pieces(self._limits)
        self._blocks = Pieces(self._limits)
        self._bare = BareMessage()

    @property
    def is_partial(self) -> bool:
        """Whether something has begun and is not whole; start a clock, ten seconds say, and :meth:`drop` by it."""
        held = self._buffer or self._stray or self._segments.is_partial or self._blocks.is_partial
        return bool(held) or (self._hdlc is not None and self._hdlc.is_partial)

    @property
    def holds_stray(self) -> bool:
        """Whether all that it holds begins no message: text without an end, which :meth:`drop` brings out."""
        return bool(self._stray) and not self._buffer

    def drop(self) -> list[PushRefusal]:
        """Forget what is not whole, and say what it was. The next octets may begin anything."""
        out = self._stray_refused()
        if self._buffer:
            said = f"sent {len(self._buffer)} octets of a message whose rest did not come"
            out.append(PushRefusal("incomplete", said, bytes(self._buffer[:LONGEST_SHOWN])))
            self._buffer.clear()
        if self._hdlc is not None:
            out += self._hdlc.drop()
            self._hdlc = None
        self._bare = BareMessage()
        return [*out, *self._segments.drop(), *self._blocks.drop()]

    def feed(self, data: bytes) -> list[PushApdu | PushRefusal]:
        """Return the messages that ``data`` completes, and what was refused, in their order.

        After a refusal that is fatal nothing more comes: close the connection.
        """
        out: list[PushApdu | PushRefusal] = []
        if self._hdlc is not None:
            for message in self._hdlc.feed(data):
                out += self._passed(message)
            return out
        self._buffer += data
        try:
            while self._buffer:
                out += self._next()
                if out and isinstance(out[-1], PushRefusal) and out[-1].is_fatal:
                    self._buffer.clear()
        except _Wait:
            pass
        return out

    def _next(self) -> list[PushApdu | PushRefusal]:
        """Take what the buffer begins with.

        Raises:
            _Wait: it is not all there.
        """
        buffer = self._buffer
        first = buffer[0]
        begins: bool | None = False
        if first == FLAG:
            begins = None if len(buffer) == 1 else buffer[1] == FLAG or buffer[1] & _FORMAT_BITS == _HDLC_FORMAT
        elif first == mbus.START:
            begins = mbus.begins_frame(buffer, 0)
        elif first == _WRAPPER_VERSION[0]:
            begins = None if len(buffer) == 1 else buffer[1] == _WRAPPER_VERSION[1]
        elif first in TAGS:
            begins = True
        if begins is None:
            raise _Wait
        if not begins:
            return self._strayed()
        out: list[PushApdu | PushRefusal] = [*self._stray_refused()]
        if first == FLAG:
            return [*out, *self._begin_hdlc()]
        take = {mbus.START: self._take_mbus, _WRAPPER_VERSION[0]: self._take_wrapper}.get(first, self._take_bare)
        try:
            return [*out, *take()]
        except _Wait:
            if not out:
                raise
            return out  # the next turn waits

    def _strayed(self) -> list[PushApdu | PushRefusal]:
        self._stray.append(self._buffer[0])
        del self._buffer[0]
        is_line = self._stray.endswith(b"\n")
        return [*self._stray_refused()] if is_line or len(self._stray) == _LONGEST_STRAY else []

    def _stray_refused(self) -> list[PushRefusal]:
        if not self._stray:
            return []
        octets = bytes(self._stray)
        self._stray.clear()
        return [PushRefusal("stray", f"sent {len(octets)} octets that begin no message: {hexadecimal(octets)}", octets)]

    def _begin_hdlc(self) -> list[PushApdu | PushRefusal]:
        data = bytes(self._buffer)
        self._buffer.clear()
        self._hdlc = HdlcMessages(self._limits)
        return self.feed(data)

    def _take_wrapper(self) -> list[PushApdu | PushRefusal]:
        buffer = self._buffer
        if len(buffer) < _WRAPPER_HEADER:
            raise _Wait
        size = int.from_bytes(buffer[6:8])
        if size > self._limits.message_bytes:
            return [self._too_long(size)]
        apdu = self._cut(_WRAPPER_HEADER + size)
        source, destination = int.from_bytes(apdu[2:4]), int.from_bytes(apdu[4:6])
        if not size:  # how some keep the connection alive
            return []
        return self._passed(PushApdu(apdu[_WRAPPER_HEADER:], "wrapper", source, destination))

    def _take_mbus(self) -> list[PushApdu | PushRefusal]:
        octets = self._cut(mbus.frame_bytes(self._buffer))
        frame = mbus.frame(octets)
        if frame is None:
            return [PushRefusal("damaged", "sent an M-Bus frame whose checksum is wrong", octets[:LONGEST_SHOWN])]
        if frame.piece is None:
            said = f"sent an M-Bus frame that carries no DLMS (control information {frame.information:02X})"
            return [PushRefusal("unsupported", said, octets[:LONGEST_SHOWN])]
        out: list[PushApdu | PushRefusal] = []
        for whole in self._segments.join(frame.ends, frame.piece):
            out += self._passed(whole if isinstance(whole, PushRefusal) else PushApdu(whole, "m-bus", *frame.ends))
        return out

    def _take_bare(self) -> list[PushApdu | PushRefusal]:
        try:
            end = self._bare.end(self._buffer)
        except DecodeError as error:
            return [PushRefusal("malformed", str(error), bytes(self._buffer[:LONGEST_SHOWN]), is_fatal=True)]
        if (end or len(self._buffer)) > self._limits.message_bytes:
            return [self._too_long(end or len(self._buffer))]
        if end is None:
            raise _Wait
        apdu = self._cut(end)
        self._bare = BareMessage()
        return self._passed(PushApdu(apdu, "bare"))

    def _cut(self, size: int) -> bytes:
        if len(self._buffer) < size:
            raise _Wait
        octets = bytes(self._buffer[:size])
        del self._buffer[:size]
        return octets

    def _too_long(self, size: int) -> PushRefusal:
        said = f"sends a message of {size} octets, and {self._limits.message_bytes} are taken"
        return PushRefusal("too-long", said, bytes(self._buffer[:LONGEST_SHOWN]), is_fatal=True)

    def _passed(self, message: PushApdu | PushRefusal) -> list[PushApdu | PushRefusal]:
        """Return a message as it is; of one block, what it completes."""
        if isinstance(message, PushRefusal) or message.apdu[:1] != bytes((GENERAL_BLOCK_TRANSFER,)):
            return [message]
        try:
            piece = block(message.apdu)
        except DecodeError as error:
            return [PushRefusal("malformed", str(error), message.apdu[:LONGEST_SHOWN])]
        return [
            whole if isinstance(whole, PushRefusal) else message._replace(apdu=whole)
            for whole in self._blocks.join((message.source, message.destination), piece)
        ]
