"""An HDLC link opened and closed (IEC 62056-46): SNRM, UA, DISC, and which frames are the meter's. Sans-I/O.

Rules
    The client is the primary station of a link in normal response mode: it sends with the poll bit and waits for the
    final bit (6.4.4). Commands are repeated as they are: a meter that gets one twice is in the same state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES, UNASKED
from bridge.dlms.hdlc_frames import (
    DEFAULT_INFO_BYTES,
    DISC,
    DM,
    FRMR,
    LLC_ANSWER,
    POLL,
    SEGMENTED,
    SNRM,
    UA,
    UI,
    address,
    agreed_info_bytes,
    hdlc_frame,
    proposal,
    rejection,
)
from bridge.dlms.overheard import Overheard, ends_of, explain
from bridge.errors import AssociationError, ReplyTimeout

if TYPE_CHECKING:
    from bridge.dlms.conversation import Conversation


class HdlcLink:
    """One meter's link: its addresses, its sequence numbers, the commands that open and close it.

    Args:
        client: client address (SAP), 1 to 127.
        server: server address.
        server_address_bytes: its length on the wire; 0 for the shortest.
        max_info_bytes: information field that is proposed both ways; 0 proposes nothing, so 128 holds.
        window: frames the meter may send in a row.
        retries: how often a frame is sent again when no answer came.
    """

    def __init__(
        self,
        *,
        client: int,
        server: int,
        server_address_bytes: int = 0,
        max_info_bytes: int = 0,
        window: int = 1,
        retries: int = 2,
    ) -> None:
        to, here = address(server, server_address_bytes), address(client, 1)
        self._server, self._here = server, here
        self._outward = to + here
        self._face(here + to)
        self._proposed_info = max_info_bytes
        self._proposed_window = window
        self._retries = retries
        self._info_tx = DEFAULT_INFO_BYTES
        self._send_number = 0  # N(S) of the next frame we send
        self._receive_number = 0  # N(S) of the next frame we expect
        self.late = 0
        """Frames dropped because they answered nothing that was still asked."""
        self._pushed_goes_on = False  # the rest of a message in segments is to come
        self.notifications = 0
        """Unsolicited frames (UI) that came."""

    def connect(self) -> Conversation[None]:
        """Send SNRM and take the sizes that UA gives.

        Raises:
            AssociationError: the meter answers DM or FRMR. Close, wait, connect again.
            ReplyTimeout: silence. The same.
        """
        self._info_tx = DEFAULT_INFO_BYTES
        self._send_number = self._receive_number = 0
        self._face(self._here + self._outward[: -len(self._here)])
        proposed = proposal(self._proposed_info, self._proposed_window)
        self._info_tx = agreed_info_bytes((yield from self._command(SNRM, proposed, UA)))

    def disconnect(self) -> Conversation[None]:
        """Send DISC; UA and DM both mean that the link is closed."""
        yield from self._command(DISC, b"", UA, DM)

    def _command(self, control: int, info: bytes, *wanted: int) -> Conversation[bytes]:
        """Send an unnumbered command and return the information field of the answer that is wanted."""
        request = self._frame(control, info)
        repetitions, strangers, sending = self._retries, 0, request
        while strangers <= MOST_STRAY_FRAMES:
            try:
                frame = yield sending
            except ReplyTimeout as silence:
                if silence.final or repetitions <= 0:
                    raise
                repetitions, sending = repetitions - 1, request
                continue
            sending = self._aside(frame)
            strangers += 1
            if control == SNRM:
                self._recognise(frame)
            if self._is_ours(frame, {request}):
                answer = frame[self._control_at]
                if answer & ~POLL in wanted:
                    return frame[self._control_at + 3 : -3]
                if answer & 3 == 3:
                    self._unnumbered(frame, answer)
                else:
                    self.late += 1  # of the link before this one
        told = explain(Overheard("hdlc", request, b"", 0, (frame,)))
        raise ReplyTimeout(
            f"sent {strangers} frames, none of which answers the request" + (f": {told.said}" if told else ""),
            hint=told.hint if told else "",
        )

    def _unnumbered(self, frame: bytes, control: int) -> None:
        """Judge an unnumbered frame that was not asked for."""
        kind = control & ~POLL
        if kind == DM:
            raise AssociationError("answers DM: it is disconnected", hint="associating again mends this")
        if kind == FRMR:
            raise AssociationError(
                f"answers FRMR: it rejects the frame ({rejection(frame[self._control_at + 3 : -3])})",
                hint="associating again mends this; at the association itself: is it referenced by short names (sn)?",
            )
        if kind == UI:
            self.notifications += 1
        else:
            self.late += 1

    def _aside(self, frame: bytes) -> bytes:
        """Return what to send after a frame that answers nothing: nothing, in either word.

        Whoever it is for: what a meter pushes may go to another client. gurux puts the rest of a message that an
        unnumbered frame began in numbered ones.
        """
        ends = ends_of(frame)
        if ends is None:
            return b""
        destination, source, control = ends
        if control & ~POLL != UI:
            begins = frame.startswith(LLC_ANSWER, 6 + len(destination) + len(source))
            if control & 1 or begins or not self._pushed_goes_on:
                return b""
        self._pushed_goes_on = bool(frame[1] & SEGMENTED)
        return UNASKED

    def _face(self, inward: bytes) -> None:
        """Take frames with these addresses for the meter's."""
        self._inward = inward
        self._control_at = 3 + len(inward)

    def _recognise(self, frame: bytes) -> None:
        """Take the meter's address in the length in which it answers: many say one octet when asked by two or four."""
        at = 3 + len(self._here)
        if frame[3:at] != self._here:
            return
        start = at
        while at < len(frame) - 4 and not frame[at] & 1:
            at += 1
        source = 0
        for octet in frame[start : at + 1]:
            source = source << 7 | octet >> 1
        asked = self._server
        if source and source in (asked, asked & 0x7F, asked & 0x3FFF, asked >> 7, asked >> 14):
            self._face(frame[3 : at + 1])

    def _is_ours(self, frame: bytes, sent: set[bytes]) -> bool:
        """Return whether ``frame`` comes from this meter to this client, and is no echo of what was sent."""
        ours = len(frame) > self._control_at and frame[3 : self._control_at] == self._inward and frame not in sent
        self.late += not ours
        return ours

    def _supervisory(self, kind: int) -> bytes:
        return self._frame(self._receive_number << 5 | POLL | kind, b"")

    def _frame(self, control: int, info: bytes, *, segmented: bool = False) -> bytes:
        return hdlc_frame(self._outward, control, info, segmented=segmented)
