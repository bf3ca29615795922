"""The HDLC data link with one meter (IEC 62056-46): connect, carry APDUs, disconnect. Sans-I/O; knows no APDU.

Rules
    The client is the primary station of a link in normal response mode: it sends with the poll bit and waits for the
    final bit (6.4.4). N(S) and N(R) count frames modulo 8; an answer counts only when its N(S) is the one expected and
    its N(R) acknowledges what was sent: late answers, duplicates and echoes fall through here.
    What stays unanswered is asked for first by RR: a meter that answered and was not heard answers again, one that did
    not get the frame says so. Only then the frame goes out again, under the same N(S): a meter that has it already does
    not carry it out twice. One that carries a secret goes out again only when the meter says that it did not get it.
    A meter that says that it has the request, and nothing more, does not answer it; the link stands all the same.
    Long APDUs travel in segments; the receiver asks for the next one with RR (6.4.4.4.3.4).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.errors import AssociationError, DecodeError, FramingError, ReplyTimeout
from bridge.meters.conversation import STRANGERS
from bridge.meters.framing import fcs16
from bridge.meters.overheard import Overheard, printable, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.conversation import Conversation

_SNRM, _DISC = 0x93, 0x53  # with the poll bit
_UA, _DM, _FRMR, _UI = 0x63, 0x0F, 0x87, 0x03  # without the final bit (6.4.3)
_POLL = 0x10
_RR, _RNR, _REJ = 0x01, 0x05, 0x09
_LLC_REQUEST, _LLC_ANSWER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
_SEGMENTED = 0x08  # of the first format byte

_MOST_SEGMENTS = 0x10000 // 8  # an APDU has 65,535 bytes at most
_MOST_POLLS = 256
"""So often a meter that says "not yet" (RR) is asked again: seconds, at the pace of a slow line."""
_POLLS_AFTER_SILENCE = 3
_LONGEST_INFO = 2030
"""Longest information field: the length field has eleven bits, and counts addresses and check sequences too."""

DEFAULT_INFO_BYTES = 128
"""Information field and window of 1 unless negotiated otherwise (6.4.4.4.3.2)."""


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


def _frame(outward: bytes, control: int, info: bytes, *, segmented: bool = False) -> bytes:
    """Return a whole frame; the header has a check sequence of its own only before an information field."""
    length = 2 + len(outward) + 1 + 2 + (len(info) + 2 if info else 0)
    kind = 0xA0 | (_SEGMENTED if segmented else 0) | length >> 8
    header = bytes((kind, length & 0xFF)) + outward + bytes((control,))
    body = header + fcs16(header).to_bytes(2, "little") + info if info else header
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


@lru_cache(maxsize=1 << 14)
def _kept(outward: bytes, control: int, apdu: bytes) -> bytes:
    """Return the frame of a request that comes again and again.

    Eight frames each, for all meters of one address and profile.
    """
    return _frame(outward, control, _LLC_REQUEST + apdu)


class Hdlc:
    """One meter's data link; connects any number of times.

    Args:
        client: client address (SAP), 1 to 127.
        server: server address.
        server_address_bytes: its length on the wire; 0 for the shortest.
        max_info_bytes: information field that is proposed both ways; 0 proposes nothing, so 128 holds.
        window: frames the meter may send in a row.
        retries: how often a frame is sent again when no answer came.
        is_strict: whether nothing but sequence numbers tells answers apart, as with short names: then nothing is asked
            any more on a link that lost one.
    """

    asks_again = True

    def __init__(
        self,
        *,
        client: int,
        server: int,
        server_address_bytes: int = 0,
        max_info_bytes: int = 0,
        window: int = 1,
        retries: int = 2,
        is_strict: bool = False,
    ) -> None:
        to, here = address(server, server_address_bytes), address(client, 1)
        self._server, self._here = server, here
        self._outward = to + here
        self._face(here + to)
        self._proposed_info = max_info_bytes
        self._proposed_window = window
        self._retries = retries
        self._is_strict = is_strict
        self._info_tx = DEFAULT_INFO_BYTES
        self._send_number = 0  # N(S) of the next frame we send
        self._receive_number = 0  # N(S) of the next frame we expect
        self._more_follows = False  # the last APDU came without the final bit: the meter goes on by itself
        self._forsaken: set[int] = set()  # N(R) under which answers to what was given up may still come
        self._damaged: FramingError | None = None  # what came instead of the answer to what was asked first
        self.late = 0
        """Frames dropped because they answered nothing that was still asked."""
        self.notifications = 0
        """Unsolicited frames (UI) dropped."""

    @property
    def max_request_bytes(self) -> int:
        """Longest APDU that goes in one frame."""
        return self._info_tx - len(_LLC_REQUEST)

    def connect(self) -> Conversation[None]:
        """Send SNRM and take the sizes that UA gives.

        Raises:
            AssociationError: the meter answers DM or FRMR. Close, wait, connect again.
            ReplyTimeout: silence. The same.
        """
        self._info_tx = DEFAULT_INFO_BYTES
        self._send_number = self._receive_number = 0
        self._more_follows = False
        self._forsaken.clear()
        self._face(self._here + self._outward[: -len(self._here)])
        parameters = yield from self._command(_SNRM, self._proposal(), _UA)
        self._agree(parameters)

    def disconnect(self) -> Conversation[None]:
        """Send DISC; UA and DM both mean that the link is closed."""
        yield from self._command(_DISC, b"", _UA, _DM)

    def ask(
        self, apdu: bytes, *, again: Callable[[], bytes] | None = None, secret: bool = False
    ) -> Conversation[bytes]:
        """Send ``apdu`` and return the answer's; see :class:`~bridge.meters.conversation.DataLink`.

        Raises:
            AssociationError: the meter is disconnected (DM) or rejects the frame (FRMR). Associate again.
            ReplyTimeout: silence, after all repetitions. Close, wait, connect again; but where ``stands`` is set, the
                meter has the request and says no more: the link stands.
            DecodeError: frames come, but none that answers. The same as silence.
        """
        if len(apdu) > self._info_tx - len(_LLC_REQUEST):
            info = yield from self._send_in_segments(apdu, repeatable=again is None)
            again = _no_repetition if again else None  # a part of it cannot be made anew
            control = self._receive_number << 5 | _POLL | self._send_number << 1
            frame = self._frame(control, info)
        else:
            control = self._receive_number << 5 | _POLL | self._send_number << 1
            # What is ciphered never comes again, so there is nothing to keep of it.
            frame = _kept(self._outward, control, apdu) if again is None else self._frame(control, _LLC_REQUEST + apdu)
        self._send_number = self._send_number + 1 & 7
        try:
            answer = yield frame
        except ReplyTimeout as silence:
            answer = self._after(silence)
        # The usual case by itself: one whole frame, addresses and both sequence numbers right.
        at = self._control_at
        if (
            answer[at : at + 1] == _ONE[self._send_number << 5 | _POLL | self._receive_number << 1]
            and answer[3:at] == self._inward
            and not answer[1] & _SEGMENTED
        ):
            self._receive_number = self._receive_number + 1 & 7
            if answer[at + 3 : at + 6] == _LLC_ANSWER:
                return answer[at + 6 : -3]
            raise _without_llc(answer[at + 3 : -3])
        make = None if again is None else (lambda: self._frame(control, _LLC_REQUEST + again()))
        return (yield from self._collect(frame, answer, make, secret=secret))

    def more(self) -> Conversation[bytes]:
        """Poll for one more APDU."""
        request = b"" if self._more_follows else self._supervisory(_RR)
        self._more_follows = False
        try:
            answer = yield request
        except ReplyTimeout as silence:
            answer = self._after(silence)
        return (yield from self._collect(request, answer, lambda: self._supervisory(_RR)))

    def _after(self, silence: ReplyTimeout) -> bytes:
        """Return the empty frame, which answers nothing and so asks again; let the error out where none is left."""
        if silence.final or not self._retries:
            raise silence
        self._damaged = silence if isinstance(silence, FramingError) else None
        return b""

    def _collect(
        self, request: bytes, frame: bytes, make: Callable[[], bytes] | None, *, secret: bool = False
    ) -> Conversation[bytes]:
        """Take frames until an APDU is whole, beginning with ``frame``; empty means that none came in time."""
        parts: list[bytes] = []
        repetitions = self._retries
        idle = 0
        polled = False  # the last that went out for want of an answer was RR
        sent = {request}
        repeat = make or (lambda: request)
        most = _MOST_POLLS
        damaged, self._damaged = self._damaged, None
        while True:
            if not frame:
                repetitions -= 1
                most = _POLLS_AFTER_SILENCE  # whoever takes a whole timeout and then says "not yet" has nothing to say
                # A part that is here already was answered: what is missing is asked for, not the whole again.
                polled = bool(parts) or secret or not polled
                sending = self._supervisory(_RR) if polled else repeat()
            else:
                so_far = len(parts)
                heard = self._heard(frame, sent, parts, repeat)
                if heard is None:
                    self._forsaken.clear()
                    return self._payload(parts)
                sending = heard
                if len(parts) > so_far:  # it goes on: patience begins anew
                    repetitions, idle = self._retries, 0
                else:
                    idle += 1 if sending else _MOST_POLLS // STRANGERS
                if idle > most and (most == _MOST_POLLS or self._has_it(frame, parts)):
                    raise self._unanswered(frame, parts, damaged)
            if sending:
                sent.add(sending)
            try:
                frame = yield sending
            except ReplyTimeout as silence:
                if silence.final or repetitions <= 0:
                    raise
                if isinstance(silence, FramingError):
                    damaged = silence
                frame = b""

    def _has_it(self, frame: bytes, parts: list[bytes]) -> bool:
        """Return whether ``frame`` says that the meter has the request, and nothing of an answer is there."""
        control = frame[self._control_at] if len(frame) > self._control_at else 0
        return not parts and control & 0x0F == _RR and control >> 5 == self._send_number

    def _unanswered(self, frame: bytes, parts: list[bytes], damaged: FramingError | None) -> ReplyTimeout | DecodeError:
        """Return what it is when frame after frame comes and none of them answers; ``frame`` is the last."""
        if not self._has_it(frame, parts):
            return DecodeError("sends frame after frame, none of which answers the request")
        if self._is_strict:
            return damaged or ReplyTimeout("has the request and does not answer it")
        self._forsaken.add(self._send_number)
        if damaged is not None:  # it was answered, and the answer comes damaged each time
            damaged.stands = True
            return damaged
        return ReplyTimeout("has the request and does not answer it", stands=True)

    def _heard(self, frame: bytes, sent: set[bytes], parts: list[bytes], repeat: Callable[[], bytes]) -> bytes | None:
        """Judge a frame; return what to send next (empty: wait on), None when the APDU is whole."""
        if not self._is_ours(frame, sent):
            return b""
        control = frame[self._control_at]
        if not control & 1:
            return self._take(frame, control, parts)
        if control & 3 == 1:
            return self._supervised(control, repeat, parts)
        self._unnumbered(frame, control)
        return b""

    def _take(self, frame: bytes, control: int, parts: list[bytes]) -> bytes | None:
        """Take an information frame; return what to send next (empty: wait on), None when the APDU is whole."""
        if control >> 1 & 7 != self._receive_number or control >> 5 != self._send_number:
            if self._forsaken and control >> 5 == self._send_number and not parts:
                # The answer to what was given up was lost on the way: the meter has counted it, we have not. Should it
                # be that answer after all, sent again, the invoke-id tells.
                self._receive_number = control >> 1 & 7
                return self._take(frame, control, parts)
            self.late += 1
            if control >> 1 & 7 == self._receive_number and control >> 5 in self._forsaken:
                self._receive_number = self._receive_number + 1 & 7  # an answer at last, to what was given up
                return b""
            # Within a window a frame was lost: ask for it at once, the meter sends from there.
            lost = parts or control >> 5 == self._send_number
            return self._supervisory(_RR) if lost and control & _POLL else b""
        self._receive_number = self._receive_number + 1 & 7
        parts.append(frame[self._control_at + 3 : -3])
        if len(parts) > _MOST_SEGMENTS:
            raise DecodeError(f"does not come to an end: {len(parts)} segments")
        if not frame[1] & _SEGMENTED:
            self._more_follows = not control & _POLL
            return None
        return self._supervisory(_RR) if control & _POLL else b""  # more of this window follows

    def _supervised(self, control: int, repeat: Callable[[], bytes], parts: list[bytes]) -> bytes:
        """Return what to send after RR, RNR or REJ."""
        acknowledged = control >> 5 == self._send_number
        if control & 0x0F == _RNR:
            return b""  # busy: after the timeout it is asked again
        if not acknowledged and not parts:
            return repeat()
        return self._supervisory(_RR)

    def _payload(self, parts: list[bytes]) -> bytes:
        whole = b"".join(parts)
        if whole[:3] != _LLC_ANSWER:
            raise _without_llc(whole)
        return whole[3:]

    def _send_in_segments(self, apdu: bytes, *, repeatable: bool) -> Conversation[bytes]:
        """Send all segments but the last, each acknowledged by RR; return the last one's information field."""
        info = _LLC_REQUEST + apdu
        size = self._info_tx
        for start in range(0, len(info) - size, size):
            control = self._receive_number << 5 | _POLL | self._send_number << 1
            frame = self._frame(control, info[start : start + size], segmented=True)
            self._send_number = self._send_number + 1 & 7
            yield from self._until_acknowledged(frame, self._retries if repeatable else 0)
        return info[-(len(info) % size or size) :]

    def _until_acknowledged(self, frame: bytes, repetitions: int) -> Conversation[None]:
        strangers, sending = 0, frame
        while strangers <= STRANGERS:
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
                if control & 0x0F == _RR and control >> 5 == self._send_number:
                    return
                if control & 3 == 1 and control & 0x0F != _RNR:
                    if repetitions <= 0:
                        raise ReplyTimeout("does not take a segment of the request")
                    repetitions, sending = repetitions - 1, frame
                elif control & 3 == 3:
                    self._unnumbered(answer, control)
        raise DecodeError("does not acknowledge a segment of the request")

    def _command(self, control: int, info: bytes, *wanted: int) -> Conversation[bytes]:
        """Send an unnumbered command and return the information field of the answer that is wanted."""
        request = self._frame(control, info)
        repetitions, strangers, sending = self._retries, 0, request
        while strangers <= STRANGERS:
            try:
                frame = yield sending
            except ReplyTimeout as silence:
                if silence.final or repetitions <= 0:
                    raise
                repetitions, sending = repetitions - 1, request
                continue
            sending = b""
            strangers += 1
            if control == _SNRM:
                self._recognise(frame)
            if self._is_ours(frame, {request}):
                answer = frame[self._control_at]
                if answer & ~_POLL in wanted:
                    return frame[self._control_at + 3 : -3]
                if answer & 3 == 3:
                    self._unnumbered(frame, answer)
                else:
                    self.late += 1  # of the link before this one
        told = tell(Overheard("hdlc", request, b"", 0, (frame,)))
        raise ReplyTimeout(
            f"sent {strangers} frames, none of which answers the request" + (f": {told.said}" if told else ""),
            hint=told.hint if told else "",
        )

    def _unnumbered(self, frame: bytes, control: int) -> None:
        """Judge an unnumbered frame that was not asked for."""
        kind = control & ~_POLL
        if kind == _DM:
            raise AssociationError("answers DM: it is disconnected", hint="associating again mends this")
        if kind == _FRMR:
            raise AssociationError(
                f"answers FRMR: it rejects the frame ({_rejection(frame[self._control_at + 3 : -3])})",
                hint="associating again mends this; at the association itself: is it referenced by short names (sn)?",
            )
        if kind == _UI:
            self.notifications += 1
        else:
            self.late += 1

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
        return self._frame(self._receive_number << 5 | _POLL | kind, b"")

    def _frame(self, control: int, info: bytes, *, segmented: bool = False) -> bytes:
        return _frame(self._outward, control, info, segmented=segmented)

    def _proposal(self) -> bytes:
        """Return the parameters of SNRM (6.4.4.4.3.2); none where the defaults do."""
        if not self._proposed_info and self._proposed_window == 1:
            return b""
        size = self._proposed_info or DEFAULT_INFO_BYTES
        octets = 1 if size < 0x100 else 2
        sizes = b"".join(bytes((which, octets)) + size.to_bytes(octets) for which in (5, 6))
        windows = b"\x07\x04" + (1).to_bytes(4) + b"\x08\x04" + self._proposed_window.to_bytes(4)
        return bytes((0x81, 0x80, len(sizes + windows))) + sizes + windows

    def _agree(self, parameters: bytes) -> None:
        """Take the meter's sizes from UA; what it leaves out, or garbles, stays at the default.

        The length of the group is not looked at: there are meters whose own does not fit.
        """
        if parameters[:2] != b"\x81\x80":
            return
        at = 3
        while at + 2 <= len(parameters):
            which, octets = parameters[at], parameters[at + 1]
            value = int.from_bytes(parameters[at + 2 : at + 2 + octets])
            if which == 6 and value >= len(_LLC_REQUEST) + 1:  # its receiving is our sending
                self._info_tx = min(value, _LONGEST_INFO)
            at += 2 + octets


def _without_llc(payload: bytes) -> DecodeError:
    text = printable(payload)
    return DecodeError(
        f"sent text in a frame: {text}" if text else "sent an answer without the LLC header E6 E7 00",
        hint="another protocol behind the same address? check SERVER and CLIENT" if text else "",
    )


def _rejection(information: bytes) -> str:
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


def _no_repetition() -> bytes:
    raise ReplyTimeout("no answer to a request in segments, which must not go out twice")


_ONE = tuple(bytes((value,)) for value in range(256))
