"""The HDLC data link with one meter (IEC 62056-46): APDUs carried in information frames. Sans-I/O; knows no APDU.

``hdlc_link.py`` opens and closes the link, ``hdlc_segments.py`` sends long requests, ``hdlc_frames.py`` makes the
frames.

Rules
    N(S) and N(R) count frames modulo 8; an answer counts only when its N(S) is the one expected and
    its N(R) acknowledges what was sent: late answers, duplicates and echoes fall through here.
    An unanswered frame is first followed up with RR: a meter whose answer was lost answers again, one that did not get
    the frame says so. Only then is the frame repeated, under the same N(S): a meter that has it already does
    not execute it twice. One that carries a secret goes out again only when the meter says that it did not get it.
    A meter that says that it has the request, and nothing more, does not answer it; the link stands all the same.
    Long APDUs travel in segments; the receiver asks for the next one with RR (6.4.4.4.3.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES, UNASKED
from bridge.dlms.hdlc_frames import (
    LLC_ANSWER,
    LLC_REQUEST,
    POLL,
    RNR,
    RR,
    SEGMENTED,
    exchanges,
    kept_frame,
    sealed_exchanges,
    without_llc,
)
from bridge.dlms.hdlc_segments import HdlcSegments, no_repetition
from bridge.dlms.sealed_volley import SealedVolley
from bridge.dlms.volley import Come, Volley, outcome
from bridge.errors import DecodeError, FramingError, ReplyTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.ciphering import Cipher
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.volley import NumberedTurn

_MOST_FRAMES = 0x10000 // 8  # of one answer, silence counted: an APDU has 65,535 bytes at most
_MOST_POLLS = 256
"""How often a meter that says "not yet" (RR) is polled: seconds, at the pace of a slow line."""
_POLLS_AFTER_SILENCE = 3


class Hdlc(HdlcSegments):
    """One meter's data link; connects any number of times.

    Args:
        client, server, server_address_bytes, max_info_bytes, window, retries: as :class:`~.hdlc_link.HdlcLink` takes
            them.
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
        super().__init__(
            client=client,
            server=server,
            server_address_bytes=server_address_bytes,
            max_info_bytes=max_info_bytes,
            window=window,
            retries=retries,
        )
        self._is_strict = is_strict
        self._more_follows = False  # the last APDU came without the final bit: the meter goes on by itself
        self._forsaken: set[int] = set()  # N(R) under which answers to what was given up may still come
        self._damaged: FramingError | None = None  # what came instead of the answer to what was asked first
        self._come: Come | None = None  # what came of a request that a volley asked already

    @property
    def max_request_bytes(self) -> int:
        """Longest APDU that goes in one frame."""
        return self._info_tx - len(LLC_REQUEST)

    def connect(self) -> Conversation[None]:
        """See :meth:`HdlcLink.connect`; earlier requests are forgotten."""
        self._more_follows = False
        self._forsaken.clear()
        self._come = None
        return super().connect()

    @property
    def may_volley(self) -> bool:
        """Whether no answer but those to what is asked next can come."""
        return not self._forsaken

    def volley(self, questions: NumberedTurn, cipher: Cipher | None) -> Conversation[Volley]:
        """See :class:`~bridge.dlms.conversation.DataLink`."""
        sent, received = self._send_number, self._receive_number
        ends = self._outward, self._inward, (sent, received)
        volley = (
            Volley(exchanges(*ends, questions))
            if cipher is None
            else SealedVolley(sealed_exchanges(*ends, questions, cipher.form), cipher)
        )
        out = 1  # where it is cut off, one more is out and nobody asks on
        try:
            self._come = yield from outcome(volley)
            out = 0
        finally:
            self._send_number = sent + volley.answered + out & 7
            self._receive_number = received + volley.answered & 7
        return volley

    def ask(
        self, apdu: bytes, *, again: Callable[[], bytes] | None = None, secret: bool = False
    ) -> Conversation[bytes]:
        """Send ``apdu`` and return the answer's; see :class:`~bridge.dlms.conversation.DataLink`.

        Raises:
            AssociationError: the meter is disconnected (DM) or rejects the frame (FRMR). Associate again.
            ReplyTimeout: silence, after all repetitions. Close, wait, connect again; but where ``stands`` is set, the
                meter has the request and says no more: the link stands.
            DecodeError: frames come, but none that answers. The same as silence.
        """
        if len(apdu) > self._info_tx - len(LLC_REQUEST):
            info = yield from self._send_in_segments(apdu, repeatable=again is None)
            again = no_repetition if again else None  # a part of it cannot be made anew
            control = self._receive_number << 5 | POLL | self._send_number << 1
            frame = self._frame(control, info)
        else:
            control = self._receive_number << 5 | POLL | self._send_number << 1
            # What is ciphered never comes again, so there is nothing to keep of it.
            frame = (
                kept_frame(self._outward, control, apdu) if again is None else self._frame(control, LLC_REQUEST + apdu)
            )
        self._send_number = self._send_number + 1 & 7
        try:
            if self._come is None:
                answer = yield frame
            else:
                come, self._come = self._come, None
                frame = come.request
                answer = come.frame()
        except ReplyTimeout as silence:
            answer = self._after(silence)
        # The usual case by itself: one whole frame, addresses and both sequence numbers right.
        at = self._control_at
        if (
            answer[at : at + 1] == _ONE[self._send_number << 5 | POLL | self._receive_number << 1]
            and answer[3:at] == self._inward
            and not answer[1] & SEGMENTED
        ):
            self._receive_number = self._receive_number + 1 & 7
            if answer[at + 3 : at + 6] == LLC_ANSWER:
                return answer[at + 6 : -3]
            raise without_llc(answer[at + 3 : -3])
        make = None if again is None else (lambda: self._frame(control, LLC_REQUEST + again()))
        return (yield from self._collect(frame, answer, make, secret=secret))

    def more(self, *, unasked: bool = False) -> Conversation[bytes]:  # noqa: ARG002 - such a frame is numbered, and acknowledged
        """Poll for one more APDU."""
        request = b"" if self._more_follows else self._supervisory(RR)
        self._more_follows = False
        try:
            answer = yield request
        except ReplyTimeout as silence:
            answer = self._after(silence)
        return (yield from self._collect(request, answer, lambda: self._supervisory(RR)))

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
        for _ in range(_MOST_FRAMES):
            if not frame:
                repetitions -= 1
                most = _POLLS_AFTER_SILENCE  # a meter that takes a whole timeout to say "not yet" has no answer
                # A part is here, so the request arrived: ask for the rest, not for the whole again.
                polled = bool(parts) or secret or not polled
                sending = self._supervisory(RR) if polled else repeat()
            else:
                so_far = len(parts)
                heard = self._heard(frame, sent, parts, repeat)
                if heard is None:
                    self._forsaken.clear()
                    return self._payload(parts)
                sending = heard
                if len(parts) > so_far:  # progress: patience starts over
                    repetitions, idle = self._retries, 0
                else:
                    idle += 1 if sending else _MOST_POLLS // MOST_STRAY_FRAMES
                if idle > _MOST_POLLS or (idle > most and self._has_it(frame, parts)):
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
        raise DecodeError(f"does not come to an end: {len(parts)} segments in {_MOST_FRAMES} frames")

    def _has_it(self, frame: bytes, parts: list[bytes]) -> bool:
        """Return whether ``frame`` says that the meter has the request, and nothing of an answer is there."""
        control = frame[self._control_at] if len(frame) > self._control_at else 0
        return not parts and control & 0x0F == RR and control >> 5 == self._send_number

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
            return self._aside(frame)
        control = frame[self._control_at]
        if not control & 1:
            is_pushed = not parts and self._aside(frame) is UNASKED
            return UNASKED if is_pushed else self._take(frame, control, parts)
        if control & 3 == 1:
            return self._supervised(control, repeat, parts)
        self._unnumbered(frame, control)
        return self._aside(frame)

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
            return self._supervisory(RR) if lost and control & POLL else b""
        self._receive_number = self._receive_number + 1 & 7
        parts.append(frame[self._control_at + 3 : -3])
        if not frame[1] & SEGMENTED:
            self._more_follows = not control & POLL
            return None
        return self._supervisory(RR) if control & POLL else b""  # more of this window follows

    def _supervised(self, control: int, repeat: Callable[[], bytes], parts: list[bytes]) -> bytes:
        """Return what to send after RR, RNR or REJ."""
        acknowledged = control >> 5 == self._send_number
        if control & 0x0F == RNR:
            return b""  # busy: after the timeout it is asked again
        if not acknowledged and not parts:
            return repeat()
        return self._supervisory(RR)

    def _payload(self, parts: list[bytes]) -> bytes:
        whole = b"".join(parts)
        if whole[:3] != LLC_ANSWER:
            raise without_llc(whole)
        return whole[3:]


_ONE = tuple(bytes((value,)) for value in range(256))
