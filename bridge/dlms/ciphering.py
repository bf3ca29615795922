"""COSEM APDUs protected and unprotected (IEC 62056-5-3, 9.2.7.2 and 9.5): AES-GCM by OpenSSL.

:class:`Cipher` protects what an association sends and opens what it receives, once it stands. While it is being opened
gurux-dlms does that, with the same AES-GCM: see ``openssl_in_gurux.py``.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.dlms.security_keys import AUTHENTICATION, ENCRYPTION, SecurityKeys
from bridge.dlms.unasked import is_unasked
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from bridge.dlms.invocation_counter import InvocationCounter

TAG_BYTES = 12
"""Authentication tag, cut to 96 bits (9.2.3.3.7)."""
_GLOBAL = {0xC0: 0xC8, 0xC1: 0xC9, 0xC3: 0xCB, 0x05: 0x25, 0x06: 0x26}
"""get, set, action, read and write requests under the global key (IEC 62056-5-3, table of xDLMS APDU tags)."""
_DEDICATED = {0xC0: 0xD0, 0xC1: 0xD1, 0xC3: 0xD3, 0x05: 0x45, 0x06: 0x46}
_GET_REQUEST, _ANSWERED = 0xC0, 4  # the tag of an answer is so far above its request's
_GENERAL_GLOBAL, _GENERAL_DEDICATED = 0xDB, 0xDC
_PROTECTED = frozenset(
    {0xCA, 0xCC, 0xCD, 0xCF, 0x2C, 0x2D, 0x2E, 0x38}  # event notification and answers, global key
    | {0xD2, 0xD4, 0xD5, 0xD7, 0x4C, 0x4D, 0x4E, 0x58}  # the same, dedicated key
    | {_GENERAL_GLOBAL, _GENERAL_DEDICATED}
)
_PUSHED = frozenset({0xCA, _GENERAL_GLOBAL})  # event notification, general-glo-ciphering of a data notification
_PLAIN_ERRORS = (0xD8, 0x0E)  # exception-response and confirmedServiceError come in clear when there is no context


class SealedForm(NamedTuple):
    """What stands around the sealed GETs of an association, and around the answers to them; of many, the same.

    Args:
        request, answer: tag, and system title where ciphering is general.
        security: the security control octet.
    """

    request: bytes
    answer: bytes
    security: int

    def sealed_bytes(self, plain_bytes: int) -> int:
        """Return how long so many octets are from the counter on."""
        return 4 + plain_bytes + (TAG_BYTES if self.security & AUTHENTICATION else 0)

    def request_head(self, plain_bytes: int) -> bytes:
        """Return what comes before the counter in a request of so many octets."""
        return self.request + _length(1 + self.sealed_bytes(plain_bytes)) + bytes((self.security,))

    def answer_head(self, plain_bytes: int) -> bytes:
        """Return the same for an answer."""
        return self.answer + _length(1 + self.sealed_bytes(plain_bytes)) + bytes((self.security,))


class ReplayedError(DecodeError):
    """An answer under a counter that was seen already: an old one, or late. Drop it and wait for the next."""


class Cipher:
    """Protection of one association.

    Args:
        keys: the meter's keys and how they are used.
        counter: gives each protected APDU its number.
        server_system_title: the meter's, 8 bytes, from its AARE.
        dedicated_key: of this association; None for the global key.
        general: whether general-glo-ciphering (general-ded-ciphering) was negotiated.
    """

    __slots__ = (
        "_aad", "_counter", "_gcm", "_general", "_global", "_peer", "_sc", "_tags", "_title", "form", "last_received",
    )  # fmt: skip

    def __init__(
        self,
        keys: SecurityKeys,
        counter: InvocationCounter,
        *,
        server_system_title: bytes,
        dedicated_key: bytes | None = None,
        general: bool = False,
    ) -> None:
        self._gcm = AESGCM(dedicated_key or keys.encryption_key)
        self._global = AESGCM(keys.encryption_key) if dedicated_key else None
        self._sc = keys.security | keys.suite
        self._aad = bytes((self._sc,)) + keys.authentication_key
        self._title = keys.system_title
        self._peer = server_system_title
        self._counter = counter
        self._tags = _DEDICATED if dedicated_key else _GLOBAL
        self._general = b""
        if general:
            tag = _GENERAL_DEDICATED if dedicated_key else _GENERAL_GLOBAL
            self._general = bytes((tag, len(self._title))) + self._title
        self.last_received = -1
        """Invocation counter of the last APDU that the meter protected."""
        by_title = bytes((len(server_system_title),)) + server_system_title
        self.form = SealedForm(
            self._general or bytes((self._tags[_GET_REQUEST],)),
            self._general[:1] + by_title if general else bytes((self._tags[_GET_REQUEST] + _ANSWERED,)),
            self._sc,
        )

    @property
    def is_general(self) -> bool:
        """Whether answers come under general ciphering, as what a meter pushes does."""
        return bool(self._general)

    @property
    def overhead_bytes(self) -> int:
        """How much longer than its content a protected APDU may be."""
        return (len(self._general) or 1) + 3 + 1 + 4 + TAG_BYTES

    def protect(self, apdu: bytes) -> bytes:
        """Return ``apdu`` under a counter that was never used before.

        Raises:
            AssociationError: no reserved counter is left. Reserve, then associate again.
        """
        sealed = self.seal(apdu)
        head = self._general or bytes((self._tags[apdu[0]],))
        return head + _length(1 + len(sealed)) + bytes((self._sc,)) + sealed

    def seal(self, apdu: bytes) -> bytes:
        """Return counter, content and tag of ``apdu``, as :meth:`protect` sends them.

        Raises:
            AssociationError: as :meth:`protect`.
        """
        count = self._counter.take().to_bytes(4)
        nonce = self._title + count
        sc = self._sc
        if sc & ENCRYPTION and sc & AUTHENTICATION:
            content = self._gcm.encrypt(nonce, apdu, self._aad)[: len(apdu) + TAG_BYTES]
        elif sc & AUTHENTICATION:
            content = apdu + self._gcm.encrypt(nonce, b"", self._aad + apdu)[:TAG_BYTES]
        else:
            content = key_stream(self._gcm, nonce, apdu)
        return count + content

    def unsealed(self, sealed: bytes) -> bytes | None:
        """Return what the meter sealed, None where :meth:`open` would not take it; it is not counted as received.

        Args:
            sealed: from the counter on.
        """
        if int.from_bytes(sealed[:4]) <= self.last_received:
            return None
        try:
            return self._opened(self._gcm, self._peer + sealed[:4], sealed[4:])
        except DecodeError:
            return None

    def open(self, apdu: bytes) -> bytes:
        """Return what the meter protected.

        Raises:
            DecodeError: it is not protected as agreed, or was changed on the way.
            ReplayedError: it is older than what came before.
        """
        tag = apdu[0] if apdu else 0
        if tag not in _PROTECTED:
            if tag in _PLAIN_ERRORS:
                return apdu
            raise DecodeError(f"sent an answer (0x{tag:02X}) that is not protected, though that was agreed")
        at, peer = 1, self._peer
        if tag in (_GENERAL_GLOBAL, _GENERAL_DEDICATED):
            size = apdu[1] if len(apdu) > 1 else 0
            peer = apdu[2 : 2 + size] or peer
            at = 2 + size
        length, at = _read_length(apdu, at)
        if length != len(apdu) - at or length < 5:
            raise DecodeError("sent a protected answer of the wrong length")
        sc, count = apdu[at], apdu[at + 1 : at + 5]
        if sc != self._sc:
            raise DecodeError(f"protects its answer with 0x{sc:02X} instead of 0x{self._sc:02X}")
        nonce, content = peer + count, apdu[at + 5 :]
        if len(nonce) != 12:
            raise DecodeError("did not give a system title of 8 bytes")
        if self._global is not None and tag in _PUSHED:  # the dedicated key is for answers alone
            return self._opened(self._global, nonce, content)
        plain = self._opened(self._gcm, nonce, content)
        if tag in _PUSHED and is_unasked(plain, general=True):
            return plain  # its counter may be one of its own: for whoever takes it
        number = int.from_bytes(count)
        if number <= self.last_received:  # a replay (9.2.3.3.7.3); the line's own repetitions do not come this far
            raise ReplayedError(f"sent a protected answer under the invocation counter {number} again")
        self.last_received = number
        return plain

    def _opened(self, gcm: AESGCM, nonce: bytes, content: bytes) -> bytes:
        plain = unprotected(gcm, self._sc, self._aad, nonce, content)
        if plain is None:
            raise DecodeError(
                "sent an answer whose authentication tag is wrong",
                hint="check ENCRYPTION_KEY and AUTHENTICATION_KEY; a noisy line cannot cause this",
            )
        return plain


def unprotected(gcm: AESGCM, security: int, aad: bytes, nonce: bytes, content: bytes) -> bytes | None:
    """Return what was protected; None where its authentication tag is wrong.

    Args:
        gcm: the encryption key at work.
        security: the security control octet; its bits say what was done.
        aad: that octet, and the authentication key.
        nonce: system title and invocation counter.
        content: what follows the counter.
    """
    if not security & AUTHENTICATION:
        return key_stream(gcm, nonce, content)
    body, tag = content[:-TAG_BYTES], content[-TAG_BYTES:]
    # The tag is cut to 96 bits (9.2.3.3.7): it is made again and compared, for OpenSSL wants all 128.
    if security & ENCRYPTION:
        plain = key_stream(gcm, nonce, body)
        made = gcm.encrypt(nonce, plain, aad)[len(plain) : len(plain) + TAG_BYTES]
    else:
        plain = body
        made = gcm.encrypt(nonce, b"", aad + plain)[:TAG_BYTES]
    return plain if compare_digest(made, tag) else None


def key_stream(gcm: AESGCM, nonce: bytes, data: bytes) -> bytes:
    """Return ``data`` under GCM's key stream, which both protects and opens (NIST SP 800-38D, 7.1 and 7.2)."""
    return gcm.encrypt(nonce, data, None)[: len(data)]


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = (size.bit_length() + 7) // 8
    return bytes((0x80 | octets,)) + size.to_bytes(octets)


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at] if at < len(data) else 0
    if first < 0x80:
        return first, at + 1
    octets = first & 0x7F
    return int.from_bytes(data[at + 1 : at + 1 + octets]), at + 1 + octets
