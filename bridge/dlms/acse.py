"""Asks a meter for an association without any secret, and reads why it refuses (IEC 62056-5-3, 7.2 and 9.3).

No key and no password is involved in any of it: it finds out which context and mechanism a client is asked for. The
association that reads the meter is opened by ``association.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Context = Literal["ln", "sn", "ln-ciphered", "sn-ciphered"]

_CONTEXT_OID: Final = bytes.fromhex("60857405 0801".replace(" ", ""))
_MECHANISM_OID: Final = bytes.fromhex("60857405 0802".replace(" ", ""))
_CONTEXTS: Final[dict[Context, int]] = {"ln": 1, "sn": 2, "ln-ciphered": 3, "sn-ciphered": 4}
_CONFORMANCE: Final[dict[Context, bytes]] = {
    "ln": bytes.fromhex("007E1F"),
    "sn": bytes.fromhex("1C0320"),
    "ln-ciphered": bytes.fromhex("007E1F"),
    "sn-ciphered": bytes.fromhex("1C0320"),
}
_MAX_PDU: Final = 0x04B0
_INITIATE_RESPONSE: Final = 0x08
_SHORT_NAME_OF_ASSOCIATION: Final = 0xFA00

RELEASE: Final = bytes.fromhex("6203800100")
"""RLRQ, reason normal (IEC 62056-5-3, 7.2.5)."""
NAMELESS_GET: Final = bytes.fromhex("C001C1000F0000280000FF0100")
"""GET of the association's name, without an association: an exception-response at least (IEC 62056-5-3, 7.3)."""

MECHANISMS: Final = {
    0: "none",
    1: "low",
    2: "high",
    3: "md5",
    4: "sha1",
    5: "gmac",
    6: "sha256",
    7: "ecdsa",
}
"""Authentication mechanisms by the last figure of their object identifier (7.2.2.3)."""

_USER_DIAGNOSTICS: Final = {
    0: "no reason",
    1: "no reason given",
    2: "application context name not supported",
    3: "calling AP title not recognised",
    4: "calling AP invocation identifier not recognised",
    5: "calling AE qualifier not recognised",
    6: "calling AE invocation identifier not recognised",
    7: "called AP title not recognised",
    8: "called AP invocation identifier not recognised",
    9: "called AE qualifier not recognised",
    10: "called AE invocation identifier not recognised",
    11: "authentication mechanism name not recognised",
    12: "authentication mechanism name required",
    13: "authentication failure",
    14: "authentication required",
}
_PROVIDER_DIAGNOSTICS: Final = {0: "no reason", 1: "no reason given", 2: "no common ACSE version"}

CONTEXT_NOT_SUPPORTED, TITLE_UNKNOWN = 2, 3
MECHANISM_UNKNOWN, MECHANISM_REQUIRED, FAILURE, REQUIRED = 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Aare:
    """What the meter said to an association request.

    Args:
        accepted: whether the association stands; with ``diagnostic`` 14 it stands once the challenge is answered.
        diagnostic: of the ACSE service user; -1 when the meter gave none of that kind.
        reason: the diagnostic in the standard's words.
        mechanism: name of the authentication that the meter states; empty when it states none.
        title: the meter's system title; empty when it states none.
        is_user: whether the diagnostic is the service user's, as all about authentication are.
        context: last number of the application context name that it states: 1 and 3 are logical names, 2 and 4 short
            ones, 3 and 4 ciphered; 0 when it states none. A meter that refuses states the one that it wants.
        vaa_name: of the association object: 0007 with logical names, FA00 with short ones; 0 when it says none.
    """

    accepted: bool
    diagnostic: int
    reason: str
    mechanism: str = ""
    title: bytes = b""
    is_user: bool = True
    context: int = 0
    vaa_name: int = 0

    @property
    def has_short_names(self) -> bool:
        """Whether it says that its objects use short names, by the context or by its association's name."""
        return self.context in (2, 4) or self.vaa_name == _SHORT_NAME_OF_ASSOCIATION

    @property
    def is_ciphered(self) -> bool:
        """Whether it names a ciphered context."""
        return self.context in (3, 4)

    @property
    def refuses_context(self) -> bool:
        """Whether the refusal is about the application context."""
        return not self.accepted and self.is_user and self.diagnostic == CONTEXT_NOT_SUPPORTED

    @property
    def goes_on(self) -> bool:
        """Whether high-level authentication goes on from here; some meters state no diagnostic, but the mechanism."""
        return self.accepted and (self.diagnostic == REQUIRED or bool(self.mechanism))

    @property
    def asks_for_secret(self) -> bool:
        """Whether the refusal is about authentication."""
        return self.is_user and self.diagnostic in (MECHANISM_UNKNOWN, MECHANISM_REQUIRED, FAILURE, REQUIRED)

    @property
    def could_count(self) -> bool:
        """Whether a meter that counts failed authentications could have counted this one."""
        return not self.accepted and self.is_user and self.diagnostic == FAILURE


def aarq(context: Context = "ln", mechanism: int = 0, challenge: bytes = b"", title: bytes = b"") -> bytes:
    """Return an association request that carries no secret.

    Args:
        context: application context that is proposed.
        mechanism: 0 for none; 2 to 7 ask which of the high-level ones the meter knows. 1 would need a password.
        challenge: our side of a high-level authentication; random, 8 to 64 bytes.
        title: our system title; GMAC and ECDSA want one.
    """
    if mechanism == 1:
        raise ValueError("low-level security sends its password: that is no request without a secret")
    parts = [_tlv(0xA1, _tlv(0x06, _CONTEXT_OID + bytes((_CONTEXTS[context],))))]
    if title:
        parts.append(_tlv(0xA6, _tlv(0x04, title)))
    if mechanism:
        parts.append(_tlv(0x8A, bytes.fromhex("0780")))
        parts.append(_tlv(0x8B, _MECHANISM_OID + bytes((mechanism,))))
        parts.append(_tlv(0xAC, _tlv(0x80, challenge)))
    initiate = bytes.fromhex("01000000065F1F0400") + _CONFORMANCE[context] + _MAX_PDU.to_bytes(2)
    parts.append(_tlv(0xBE, _tlv(0x04, initiate)))
    return _tlv(0x60, b"".join(parts))


def parse(apdu: bytes) -> Aare | None:
    """Return what ``apdu`` says about the association; None when it is no AARE."""
    if apdu[:1] != b"\x61":
        return None
    fields: dict[int, bytes] = {}
    try:
        _, body, _ = _take(apdu)
        while body:
            tag, value, body = _take(body)
            fields[tag] = value
        result = _integer(fields[0xA2])
        choice, value, _ = _take(fields[0xA3])
        diagnostic = _integer(value)
        title = _take(fields[0xA4])[1] if 0xA4 in fields else b""
    except (IndexError, KeyError):
        return None
    stated = fields.get(0x89, b"")
    mechanism = MECHANISMS.get(stated[-1], "") if stated[:-1] == _MECHANISM_OID else ""
    is_user = choice == 0xA1
    words = (_USER_DIAGNOSTICS if is_user else _PROVIDER_DIAGNOSTICS).get(diagnostic, f"diagnostic {diagnostic}")
    named = fields.get(0xA1, b"")[2:]
    context = named[-1] if named[:-1] == _CONTEXT_OID else 0
    diagnostic = diagnostic if is_user else -1
    return Aare(result == 0, diagnostic, words, mechanism, title, is_user, context, _vaa_name(fields.get(0xBE, b"")))


def _vaa_name(user_information: bytes) -> int:
    """Return the last two octets of a plain initiate-response (IEC 62056-5-3, annex A); 0 for anything else."""
    initiate = user_information[2:]
    return int.from_bytes(initiate[-2:]) if len(initiate) >= 12 and initiate[0] == _INITIATE_RESPONSE else 0


def _tlv(tag: int, value: bytes) -> bytes:
    if len(value) > 0x7F:
        raise ValueError("a request without a secret is never that long")
    return bytes((tag, len(value))) + value


def _take(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and value of the first element and what stands behind it (X.690: definite lengths)."""
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        octets = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + octets]), 2 + octets
    if at + length > len(data):
        raise IndexError
    return tag, data[at : at + length], data[at + length :]


def _integer(element: bytes) -> int:
    tag, value, _ = _take(element)
    if tag != 0x02 or not value:
        raise IndexError
    return int.from_bytes(value)
