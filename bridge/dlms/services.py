"""Requests over an established association: invoke-ids, protection, late answers, blocks, refusals. Sans-I/O.

Rules
    An answer counts when its invoke-id is the request's. Late answers are dropped, what the meter sends by itself is
    nobody's answer: both are counted, and the answer is waited for.
    Behind the wrapper, what stays unanswered is asked anew under a new invoke-id where answers are protected: a late
    one is told by its counter. In clear nothing tells it from the answer to the sixteenth question after, nor by short
    names from the next one's: there the association is over.
    Ciphered bytes are never sent twice.
    Where the data link stands though nothing answered, the request is repeated once.
    A value that ``xdlms.py`` does not know is given to gurux, the reference, whose word is final.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms import axdr, xdlms
from bridge.dlms.answer_shapes import shape_of
from bridge.dlms.ciphering import ReplayedError
from bridge.dlms.conversation import MOST_STRAY_FRAMES
from bridge.dlms.overheard import quoted_text
from bridge.dlms.service_errors import raise_if_refused
from bridge.dlms.unasked import is_unasked
from bridge.dlms.xdlms import Result
from bridge.errors import DecodeError, ReplyTimeout, ValueUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.axdr import Raw
    from bridge.dlms.ciphering import Cipher
    from bridge.dlms.conversation import Conversation, DataLink
    from bridge.dlms.invocation_counter import InvocationCounter
    from bridge.dlms.volley import Turn, Volley
    from bridge.dlms.xdlms import ServiceRequest

_LONGEST, _MOST_BLOCKS = 16 << 20, 1 << 16
"""Years of load profile are shorter; the answer of a meter run wild is not."""

_BEFORE_DATA = {b"\xc4\x01": 4, b"\xc4\x03": 5}
"""Octets before the value in the answer to one GET, and to a list of one; 3 in the answer to a READ."""


class Services:
    """What can be asked of one meter.

    Args:
        link: carries the APDUs.
        reference: decodes a value that is not known here.
        retries: how often a request is repeated where the link does not.
        counter: told what a meter says about the invocation counter; None without protection.
    """

    __slots__ = (
        "_counter", "_invoke_id", "_reference", "_retries", "cipher", "has_learnt", "late", "link", "notifications",
    )  # fmt: skip

    def __init__(
        self,
        link: DataLink,
        *,
        reference: Callable[[bytes], Raw],
        retries: int = 0,
        counter: InvocationCounter | None = None,
    ) -> None:
        self.link = link
        self.cipher: Cipher | None = None
        self._reference = reference
        self._retries = 0 if link.asks_again else retries
        self._counter = counter
        self._invoke_id = 0
        self.late = 0
        """Answers dropped because they came after the request was given up."""
        self.notifications = 0
        """Unsolicited APDUs that came."""
        self.has_learnt = False
        """Whether answers had other shapes than their requests' last ones, since this was set to False."""

    @property
    def keeps_ids(self) -> bool:
        """Whether each request goes out under its own invoke-id: the link tells late answers."""
        return self.cipher is None and self.link.asks_again

    @property
    def may_volley(self) -> bool:
        """Whether requests may go out as a volley now."""
        return self.link.may_volley

    def volley(self, turn: Turn, first_invoke_id: int) -> Conversation[Volley]:
        """Ask all of a turn. Where it ends early, ask on by :meth:`results`: nothing is sent twice."""
        if self.keeps_ids:
            return (yield from self.link.volley(turn.beginning_with(first_invoke_id), None))
        before = self._invoke_id
        questions = turn.beginning_with(before + 1 & 0x0F)
        self._invoke_id = before + len(questions) & 0x0F  # where it is cut off, none of them is the next one's
        volley = yield from self.link.volley(questions, self.cipher)
        self._invoke_id = before + volley.answered & 0x0F
        return volley

    @property
    def longest_request_bytes(self) -> int:
        """Longest plain APDU that goes in one frame of the link."""
        return self.link.max_request_bytes - (self.cipher.overhead_bytes if self.cipher else 0)

    def results(self, request: ServiceRequest) -> Conversation[list[Result]]:
        """Send ``request`` and return its results, one for each attribute, refused ones included.

        Raises:
            ServiceError: the meter refuses the request as a whole. Ask another way, or associate again.
            DecodeError: the answer makes no sense. The same.
            Unexpected: so does a list, for there is a rare type in it. Ask for each by itself.
            ReplyTimeout, AssociationError: the association is gone. Close, wait, connect again.
        """
        try:
            if self.cipher is None and self.link.asks_again:
                # The usual case by itself. Under HDLC a late answer is told by its sequence number: the invoke-id may
                # stay, and the frames with it.
                apdu = yield from self.link.ask(request.plain)
                if (
                    request.count == 1
                    and (value := xdlms.integer(apdu)) is not None
                    and apdu[2] & 0x0F == request.invoke_id
                ):
                    self._learn(request, apdu)
                    return [Result(value)]
                apdu = yield from self._answer(apdu, request, request.invoke_id)
            else:
                apdu = yield from self._ask_once(request)
            if xdlms.is_block(apdu):
                return (yield from self._blocks(apdu, request))
        except ReplyTimeout as silence:
            return (yield from self._ask_again(request, silence))
        return self._decoded(apdu, request)

    def _ask_again(self, request: ServiceRequest, silence: ReplyTimeout) -> Conversation[list[Result]]:
        """Repeat an unanswered request, where a late answer to the first one can be told apart."""
        attempts_left = 1 if self.link.asks_again else self._retries if self.cipher is not None else 0
        while True:
            may = silence.stands if self.link.asks_again else request.tail is not None  # short names have no invoke-id
            if silence.final or not attempts_left or not may:
                raise silence
            attempts_left -= 1
            try:
                apdu = yield from self._ask_once(request)
                if xdlms.is_block(apdu):
                    return (yield from self._blocks(apdu, request))
            except ReplyTimeout as another:
                silence = another
            else:
                return self._decoded(apdu, request)

    def _learn(self, request: ServiceRequest, apdu: bytes) -> None:
        """Note what a good answer looks like."""
        shape = shape_of(apdu)
        if shape is not request.shape:
            request.shape, self.has_learnt = shape, True

    def _decoded(self, apdu: bytes, request: ServiceRequest) -> list[Result]:
        try:
            value = xdlms.integer(apdu) if request.count == 1 else None
            results = xdlms.answer(apdu, request) if value is None else [Result(value)]
        except axdr.Unexpected:
            if request.count > 1:  # gurux loses its place in a list behind null-data and empty arrays
                raise
            results = [Result(self._referred(apdu[_BEFORE_DATA.get(apdu[:2], 3) :]))]
        except DecodeError as error:
            raise ValueUnreadableError(str(error)) from error
        self._learn(request, apdu)
        return results

    def _referred(self, data: bytes) -> Raw:
        try:
            return self._reference(data)
        except DecodeError as error:
            raise ValueUnreadableError(str(error)) from error

    def association(self, apdu: bytes, *, secret: bool = False) -> Conversation[bytes]:
        """Send an APDU of the association control (AARQ, RLRQ) or one that is protected already; return the answer.

        Nothing is repeated: a challenge and a counter are used once. Where the meter did not receive it, the data link
        may resend it, unless it is under a counter.

        Args:
            apdu: what to send.
            secret: whether a password or a proof is in it: it is not resent on suspicion.

        Raises:
            ServiceError, AssociationError: the meter refuses. Close, wait, connect again.
            ReplyTimeout: silence. The same.
        """
        # With a way to make it again the link caches nothing: a password may be in it.
        answer = yield from self.link.ask(apdu, again=_never if self._counter else lambda: apdu, secret=secret)
        for _ in range(MOST_STRAY_FRAMES):
            if is_unasked(answer, general=self.cipher is not None):
                self.notifications += 1
                answer = yield from self.link.more(unasked=True)
                continue
            raise_if_refused(answer, self._counter)
            if text := quoted_text(answer):
                raise DecodeError(f"answers the association with text: {text}", hint="check SERVER and CLIENT")
            return answer
        raise DecodeError("sends nothing but other messages when asked to associate")

    def _ask_once(self, request: ServiceRequest, *, goes_on: bool = False) -> Conversation[bytes]:
        """Send ``request`` once; one that ``goes_on`` with a long answer keeps the invoke-id (9.3.2)."""
        cipher = self.cipher
        if self.keeps_ids:
            invoke_id = request.invoke_id
            apdu = yield from self.link.ask(request.plain)
        else:
            if not goes_on:
                self._invoke_id = self._invoke_id + 1 & 0x0F
            invoke_id = self._invoke_id
            plain = request.apdu(invoke_id)
            if cipher is None:
                apdu = yield from self.link.ask(plain)
            else:
                apdu = yield from self.link.ask(cipher.protect(plain), again=lambda: cipher.protect(plain))
        return (yield from self._answer(apdu, request, invoke_id))

    def _answer(self, apdu: bytes, request: ServiceRequest, invoke_id: int) -> Conversation[bytes]:
        """Return the plain answer to ``request``: ``apdu``, or one that comes after it."""
        cipher = self.cipher
        is_plain = cipher is None and request.tail is not None and apdu[:1] == b"\xc4" and len(apdu) > 2
        if is_plain and apdu[2] & 0x0F == invoke_id:
            return apdu
        for _ in range(MOST_STRAY_FRAMES):
            before = self.notifications
            if cipher is not None and not is_unasked(apdu, general=True):
                try:
                    apdu = cipher.open(apdu)
                except DecodeError as error:  # an old one again, or pushed under a counter or protection of its own
                    is_pushed = is_unasked(apdu, general=False)
                    if not isinstance(error, ReplayedError) and (cipher.is_general or not is_pushed):
                        raise
                    self.late += 1
                    apdu = yield from self.link.more(unasked=is_pushed)
                    continue
            if self._is_answer(apdu, request, invoke_id):
                return apdu
            apdu = yield from self.link.more(unasked=self.notifications > before)
        raise DecodeError(f"sent {MOST_STRAY_FRAMES} APDUs, none of which answers the request")

    def _is_answer(self, apdu: bytes, request: ServiceRequest, invoke_id: int) -> bool:
        tag = apdu[0] if apdu else 0
        if is_unasked(apdu, general=False):
            self.notifications += 1
            return False
        raise_if_refused(apdu, self._counter)
        if request.tail is None:
            if tag != xdlms.READ_RESPONSE:
                raise DecodeError(f"answers a read request with {quoted_text(apdu) or f'0x{tag:02X}'}")
            return True
        if tag != xdlms.GET_RESPONSE:
            raise DecodeError(f"answers a GET request with {quoted_text(apdu) or f'0x{tag:02X}'}")
        if len(apdu) > 2 and apdu[2] & 0x0F == invoke_id:
            return True
        self.late += 1
        return False

    def _blocks(self, apdu: bytes, request: ServiceRequest) -> Conversation[list[Result]]:
        """Fetch the other blocks of an answer and return what they hold together."""
        is_list = request.count > 1 or request.head[0] == xdlms.READ_REQUEST
        parts: list[bytes] = []
        size = 0
        expected = 1
        while True:
            block = xdlms.block(apdu)
            if isinstance(block, Result):
                return [block] * request.count
            if block.number != expected and not (expected == 1 and block.number == 0):
                raise DecodeError(f"sent block {block.number} instead of {expected}")
            parts.append(block.data)
            size += len(block.data)
            if block.is_last:
                break
            if size > _LONGEST or len(parts) > min(_MOST_BLOCKS, size + MOST_STRAY_FRAMES):  # not empty ones for ever
                raise DecodeError(f"does not come to an end: {len(parts)} blocks, {size} bytes")
            following = xdlms.read_next if request.tail is None else xdlms.get_next
            step = following(block.number)
            step.fix(request.invoke_id)
            apdu = yield from self._ask_once(step, goes_on=True)
            expected = block.number + 1
            if not xdlms.is_block(apdu):
                raise DecodeError("broke off a long answer")
        joined = b"".join(parts)
        try:
            return xdlms.from_blocks(joined, request, is_list=is_list)
        except axdr.Unexpected:
            if request.count > 1:
                raise
            return [Result(self._referred(joined[2:] if is_list else joined))]  # behind the count, and success
        except DecodeError as error:
            raise ValueUnreadableError(str(error)) from error


def _never() -> bytes:
    raise ReplyTimeout("no answer to the association request", hint="check addresses and keys")
