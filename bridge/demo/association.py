"""The application association of the demo meter with one client: AARQ to RLRQ, high-level security, protection.

APDUs in, APDUs out (IEC 62056-5-3 clauses 7 and 8); how they travel is the business of ``hdlc.py`` and ``meter.py``.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from gurux_dlms.enums import ErrorCode

from bridge.demo import aarq
from bridge.demo.access import MECHANISMS, SECURITY_BITS
from bridge.demo.cosem import AccessRefused
from bridge.demo.counters import ReceivedCounters
from bridge.demo.security import CIPHERED, GENERAL_GLO, GLO_INITIATE_REQUEST, DecipheringError, Plain, ServerCipher
from bridge.demo.services import EXCEPTION, NOT_ALLOWED, ServerServices

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.demo.access import Client, Keys, MeterMemory
    from bridge.demo.faults import Faults

AARQ, _RLRQ, _RLRE = 0x60, 0x62, 0x63
_ACCEPTED, _REJECTED = 0, 1
_NO_REASON, _NO_SUCH_CONTEXT, _UNKNOWN_TITLE = 1, 2, 3
_UNKNOWN_MECHANISM, _FAILED, _AUTHENTICATION_REQUIRED = 11, 13, 14
_DECIPHERING, _COUNTER = 5, 6  # service errors of the exception-response
_MIN_PDU_BYTES = 64


class _Refused(Exception):  # noqa: N818 - an answer of the protocol
    """The association is refused."""

    def __init__(self, diagnostic: int, user_information: bytes = b"") -> None:
        super().__init__(diagnostic)
        self.diagnostic, self.user_information = diagnostic, user_information


class _Silence(Exception):  # noqa: N818 - as above
    """The meter does not answer."""


class ServerAssociation:
    """One client's association.

    Args:
        client: who it is.
        logical_names: LN referencing; False for SN.
        items: called with the client, returns the objects that it sees.
        conformance: what the meter can do.
        max_pdu_bytes: the longest APDU that it takes.
        keys: its key material.
        own_title: its system title.
        memory: what it keeps between connections.
        faults: what goes wrong on purpose.
        clock: Unix seconds.
        silent_on_low_counter: no answer at all to a counter that did not rise, instead of an exception-response.
    """

    def __init__(
        self,
        client: Client,
        *,
        logical_names: bool,
        items: Callable[[Client], list[Any]],
        conformance: int,
        max_pdu_bytes: int,
        keys: Keys,
        own_title: bytes,
        memory: MeterMemory,
        faults: Faults,
        clock: Callable[[], float],
        silent_on_low_counter: bool = False,
    ) -> None:
        self._client = client
        self._logical_names = logical_names
        self._items = items
        self._conformance = conformance
        self._max_pdu_bytes = max_pdu_bytes
        self._keys = keys
        self._own_title = own_title
        self._memory = memory
        self._faults = faults
        self._clock = clock
        self._silent_on_low_counter = silent_on_low_counter
        self.forget()

    def forget(self) -> None:
        """End the association silently."""
        self.is_open = False
        self._was_wrong = False  # the proof that just came
        self._services: ServerServices | None = None
        self._cipher = ServerCipher(self._keys, self._own_title)
        self._challenges: tuple[bytes, bytes] | None = None
        self._agreed = 0
        self._counters = ReceivedCounters(self._client.address, self._memory, self._faults)

    def answer(self, apdu: bytes) -> bytes:
        """Return the answer to ``apdu``; empty to stay silent."""
        tag = apdu[0]
        if tag == AARQ:
            self.forget()
            return self._associate(apdu)
        if tag == _RLRQ:
            return self._release()
        if self._services is None:
            return NOT_ALLOWED
        if tag not in CIPHERED:
            return NOT_ALLOWED if self._client.security != "none" else self._serve(self._services, apdu)
        return self._serve_protected(self._services, apdu)

    def _serve(self, services: ServerServices, apdu: bytes) -> bytes:
        if not self.is_open and apdu[0] not in (0xC3, 0x05):  # the second half of HLS, by ACTION or by READ
            return NOT_ALLOWED
        if not self.is_open and apdu[0] == 0x05 and apdu[2:5] != b"\x04\xfa\x58":
            return NOT_ALLOWED
        answer = self._faults.exception(apdu) or services.answer(apdu)
        if self._was_wrong:
            self._was_wrong = False
            wordless = self._faults.refusal_of_secret()
            return answer if wordless is None else wordless
        return answer

    def _serve_protected(self, services: ServerServices, apdu: bytes) -> bytes:
        try:
            plain = self._cipher.open(apdu)
        except DecipheringError:
            return bytes((EXCEPTION, 1, _DECIPHERING))
        if plain.security != SECURITY_BITS[self._client.security]:
            return bytes((EXCEPTION, 1, _DECIPHERING))
        if not self._counters.rises(plain):
            if self._silent_on_low_counter:
                return b""
            return bytes((EXCEPTION, 1, _COUNTER)) + self._counters.highest(plain).to_bytes(4)
        answer = self._serve(services, plain.apdu)
        return self._cipher.close(answer, plain, self._counters.next()) if answer else b""

    # AARQ and AARE.

    def _associate(self, apdu: bytes) -> bytes:
        try:
            request = aarq.parse(apdu)
        except (KeyError, ValueError, IndexError):
            return b""
        try:
            self._check_context(request.context)
            self._cipher.client_title = request.title
            protection = self._unprotected(request.initiate)
            self._take_initiate(protection.apdu if protection else request.initiate)
            diagnostic = self._authenticate(request.mechanism, request.authentication_value)
        except _Silence:
            return b""
        except _Refused as refused:
            self._challenges = None
            wordless = self._faults.refusal_of_secret() if refused.diagnostic == _FAILED else None
            if wordless is not None:
                return wordless
            return self._aare(_REJECTED, refused.diagnostic, refused.user_information)
        self._services = ServerServices(
            self._items(self._client), self._agreed, self._pdu_bytes, self._faults, self._reply_to_hls
        )
        self.is_open = self._challenges is None
        return self._accept(diagnostic, protection)

    def _check_context(self, context: int) -> None:
        if context != self._context:
            raise _Refused(_NO_SUCH_CONTEXT)

    @property
    def _context(self) -> int:
        """The last number of the application context name that this client has to use."""
        return (1 if self._logical_names else 2) + (2 if self._client.security != "none" else 0)

    def _unprotected(self, initiate: bytes) -> Plain | None:
        """Return the initiate-request without its protection; None when it must not have any, and has none."""
        wanted = SECURITY_BITS[self._client.security]
        if not wanted:
            return None
        if len(self._cipher.client_title) != 8:
            raise _Refused(_UNKNOWN_TITLE)
        try:
            plain = self._cipher.open(initiate)
        except DecipheringError:
            raise _Refused(_NO_REASON) from None
        if plain.security != wanted or plain.tag not in (GLO_INITIATE_REQUEST, GENERAL_GLO):
            raise _Refused(_NO_REASON)
        if not self._counters.rises(plain):
            raise _Silence if self._silent_on_low_counter else _Refused(_NO_REASON)
        return plain

    def _take_initiate(self, initiate: bytes) -> None:
        """Note what the client proposes; refuse it with a confirmed-service-error when that will not do."""
        try:
            proposal = aarq.parse_initiate(initiate)
        except ValueError:
            raise _Refused(_NO_REASON, aarq.initiate_error(aarq.OTHER)) from None
        if proposal.dlms_version != 6:
            raise _Refused(_NO_REASON, aarq.initiate_error(aarq.DLMS_VERSION_TOO_LOW))
        self._agreed = proposal.conformance & self._conformance
        if not self._agreed:
            raise _Refused(_NO_REASON, aarq.initiate_error(aarq.INCOMPATIBLE_CONFORMANCE))
        if 0 < proposal.max_pdu_bytes < _MIN_PDU_BYTES:
            raise _Refused(_NO_REASON, aarq.initiate_error(aarq.PDU_SIZE_TOO_SHORT))
        self._cipher.dedicated_key = proposal.dedicated_key
        # The meter never answers with more than the client takes; 0 means that it takes any length.
        self._pdu_bytes = min(proposal.max_pdu_bytes or 0xFFFF, self._max_pdu_bytes)

    def _authenticate(self, mechanism: int, offered: bytes) -> int:
        """Return the diagnostic: 0 for success, 14 when the client still has to prove itself by HLS."""
        client = self._client
        if mechanism != MECHANISMS[client.authentication]:
            raise _Refused(_UNKNOWN_MECHANISM if mechanism else _AUTHENTICATION_REQUIRED)
        if not mechanism:
            self._memory.associations += 1
            return 0
        if self._memory.is_locked(self._clock()):
            raise _Refused(_FAILED)
        if client.authentication != "low":
            self._challenges = (offered, secrets.token_bytes(16))
            return _AUTHENTICATION_REQUIRED
        if offered != client.secret:
            self._memory.note_wrong(self._clock())
            raise _Refused(_FAILED)
        self._memory.note_right()
        return 0

    def _reply_to_hls(self, proof: bytes) -> bytes:
        client, challenges = self._client, self._challenges
        if challenges is None:
            raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
        self._challenges = None
        if not self._cipher.is_proven(client.authentication, client.secret, challenges, proof):
            self._memory.note_wrong(self._clock())
            self._services, self._was_wrong = None, True
            raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
        self._memory.note_right()
        self.is_open = True
        if self._faults.has("no-proof"):
            return bytes(12)
        return self._cipher.prove(client.authentication, client.secret, challenges, self._counters.next())

    def _accept(self, diagnostic: int, protection: Plain | None) -> bytes:
        response = aarq.initiate_response(self._agreed, self._max_pdu_bytes, logical_names=self._logical_names)
        if protection is not None:
            response = self._cipher.close(response, protection, self._counters.next())
        return self._aare(_ACCEPTED, diagnostic, response)

    def _aare(self, result: int, diagnostic: int, user_information: bytes) -> bytes:
        client = self._client
        shows_title = client.security != "none" or client.authentication in ("gmac", "sha256", "ecdsa")
        if self._challenges and self._faults.has("aare-zero-for-hls"):
            diagnostic = 0
        return aarq.aare(
            self._context,
            (result, diagnostic),
            title=self._own_title if shows_title else b"",
            challenge=(MECHANISMS[client.authentication], self._challenges[1]) if self._challenges else None,
            user_information=user_information,
        )

    def _release(self) -> bytes:
        """Answer RLRE, reason normal (7.2.5); whether and how the client protected it no longer matters."""
        self.forget()
        if self._faults.has("release-closes"):
            self._faults.end("closes")
        return bytes((_RLRE, 3, 0x80, 1, 0))
