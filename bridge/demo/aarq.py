"""AARQ and AARE in bytes (IEC 62056-5-3): taken apart and put together, nothing decided."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.demo.cosem import Parameters

AARE = 0x61
OTHER, DLMS_VERSION_TOO_LOW, INCOMPATIBLE_CONFORMANCE, PDU_SIZE_TOO_SHORT = 0, 1, 2, 3
_CONTEXT = b"\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01"  # application context name, up to its last number
_MECHANISM = b"\x88\x02\x07\x80\x89\x07\x60\x85\x74\x05\x08\x02"  # ACSE requirements, and mechanism name as above


@dataclass(frozen=True, slots=True)
class Aarq:
    """What a client asks for: the last numbers of context and mechanism name, its title, its proof, the xDLMS part."""

    context: int
    mechanism: int
    title: bytes
    authentication_value: bytes
    initiate: bytes


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """An initiate-request."""

    dedicated_key: bytes
    dlms_version: int
    conformance: int
    max_pdu_bytes: int


def parse(apdu: bytes) -> Aarq:
    """Take an AARQ apart.

    Raises:
        KeyError, ValueError, IndexError: it is none.
    """
    fields = _fields(apdu)
    return Aarq(
        context=fields[0xA1][-1],
        mechanism=fields[0x8B][-1] if 0x8B in fields else 0,
        title=fields.get(0xA6, b"")[2:],
        authentication_value=fields.get(0xAC, b"")[2:],
        initiate=fields[0xBE][2:],
    )


def parse_initiate(apdu: bytes) -> AssociationRequest:
    """Take a plain initiate-request apart (A-XDR).

    Raises:
        ValueError: it is none.
    """
    request = Parameters(apdu)
    if request.number(1) != 1:
        raise ValueError("no initiate-request")
    dedicated_key = request.take(request.count()) if request.number(1) else b""
    for _ in range(2):  # response-allowed, proposed-quality-of-service
        if request.number(1):
            request.take(1)
    version = request.number(1)
    request.take(4)  # [APPLICATION 31] of four bytes, none of 24 bits unused
    return AssociationRequest(dedicated_key, version, request.number(3), request.number(2))


def initiate_response(conformance: int, max_pdu_bytes: int, *, logical_names: bool) -> bytes:
    """Return the initiate-response: what was agreed on, and the name of the LN or SN association."""
    name = b"\x00\x07" if logical_names else b"\xfa\x00"
    return b"\x08\x00\x06\x5f\x1f\x04\x00" + conformance.to_bytes(3) + max_pdu_bytes.to_bytes(2) + name


def initiate_error(value: int) -> bytes:
    """Return the confirmed-service-error of an initiate-request that cannot be met (InitiateError)."""
    return bytes((0x0E, 1, 6, value))


def aare(
    context: int,
    result: tuple[int, int],
    *,
    title: bytes,
    challenge: tuple[int, bytes] | None,
    user_information: bytes,
) -> bytes:
    """Return an AARE.

    Args:
        context: last number of the application context name.
        result: association result, and the diagnostic of the ACSE user.
        title: the meter's system title; empty to leave it out.
        challenge: mechanism and challenge StoC, where the client has to prove itself; else None.
        user_information: an xDLMS APDU; empty to leave it out.
    """
    body = _CONTEXT + bytes((context, 0xA2, 3, 2, 1, result[0], 0xA3, 5, 0xA1, 3, 2, 1, result[1]))
    if title:
        body += bytes((0xA4, len(title) + 2, 4, len(title))) + title
    if challenge is not None:
        mechanism, value = challenge
        body += _MECHANISM + bytes((mechanism, 0xAA, len(value) + 2, 0x80, len(value))) + value
    if user_information:
        body += bytes((0xBE, len(user_information) + 2, 4, len(user_information))) + user_information
    return bytes((AARE, len(body))) + body


def _fields(apdu: bytes) -> dict[int, bytes]:
    """Return the components of an AARQ by their tag (BER)."""
    body = Parameters(apdu[1:])
    inner = Parameters(body.take(body.count()))
    found = {}
    while rest := inner.rest():
        inner = Parameters(rest)
        tag = inner.number(1)
        found[tag] = inner.take(inner.count())
    return found
