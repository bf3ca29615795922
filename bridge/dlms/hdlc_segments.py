"""Requests that are longer than a frame, sent to the meter in segments (IEC 62056-46, 6.4.4.4.3.4). Sans-I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES
from bridge.dlms.hdlc_frames import LLC_REQUEST, POLL, RNR, RR
from bridge.dlms.hdlc_link import HdlcLink
from bridge.errors import DecodeError, ReplyTimeout

if TYPE_CHECKING:
    from bridge.dlms.conversation import Conversation


class HdlcSegments(HdlcLink):
    """A link that takes requests of any length."""

    def _send_in_segments(self, apdu: bytes, *, repeatable: bool) -> Conversation[bytes]:
        """Send all segments but the last, each acknowledged by RR; return the last one's information field."""
        info = LLC_REQUEST + apdu
        size = self._info_tx
        for start in range(0, len(info) - size, size):
            control = self._receive_number << 5 | POLL | self._send_number << 1
            frame = self._frame(control, info[start : start + size], segmented=True)
            self._send_number = self._send_number + 1 & 7
            yield from self._until_acknowledged(frame, self._retries if repeatable else 0)
        return info[-(len(info) % size or size) :]

    def _until_acknowledged(self, frame: bytes, repetitions: int) -> Conversation[None]:
        strangers, sending = 0, frame
        while strangers <= MOST_STRAY_FRAMES:
            try:
                answer = yield sending
            except ReplyTimeout as silence:
                if silence.final or repetitions <= 0:
                    raise
                repetitions, sending = repetitions - 1, frame
                continue
            sending = b""
            strangers += 1
            if self._is_ours(answer, {frame}):
                control = answer[self._control_at]
                if control & 0x0F == RR and control >> 5 == self._send_number:
                    return
                if control & 3 == 1 and control & 0x0F != RNR:
                    if repetitions <= 0:
                        raise ReplyTimeout("does not take a segment of the request")
                    repetitions, sending = repetitions - 1, frame
                elif control & 3 == 3:
                    self._unnumbered(answer, control)
        raise DecodeError("does not acknowledge a segment of the request")


def no_repetition() -> bytes:
    """Stand for making a request anew that went out in segments."""
    raise ReplyTimeout("no answer to a request in segments, which must not go out twice")
