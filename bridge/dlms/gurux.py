"""gurux's client, as an association needs it: how it is made, its inputs, and what becomes of its errors and values.

gurux-dlms makes and judges the APDUs of an association and decodes what ``xdlms.py`` does not know. It frames
nothing (its interface type is PDU), for its HDLC layer has faults. Here its exceptions become errors of the
bridge, and its values plain ones.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from gurux_dlms import (
    GXByteBuffer,
    GXCiphering,
    GXDate,
    GXDateTime,
    GXDLMSClient,
    GXDLMSConfirmedServiceError,
    GXDLMSException,
    GXDLMSExceptionResponse,
    GXReplyData,
    GXTime,
)
from gurux_dlms.enums import Authentication, Conformance, DateTimeSkips, InterfaceType, Security, SourceDiagnostic
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

from bridge.dlms.openssl_in_gurux import quiet_and_fast
from bridge.dlms.signing import MeterKey, SigningKey
from bridge.errors import AssociationError, AuthError, DecodeError, MeterError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.association_parameters import AssociationParameters
    from bridge.dlms.axdr import Raw
    from bridge.dlms.invocation_counter import InvocationCounter

quiet_and_fast()

_DATE_PARTS = DateTimeSkips.YEAR | DateTimeSkips.MONTH | DateTimeSkips.DAY
_TIME_PARTS = DateTimeSkips.HOUR | DateTimeSkips.MINUTE | DateTimeSkips.SECOND
_WRITE_HEAD_BYTES = 6  # WriteRequest: tag, one variable, its kind and name, one value
_AUTHENTICATIONS = {
    "none": Authentication.NONE,
    "low": Authentication.LOW,
    "high": Authentication.HIGH,
    "md5": Authentication.HIGH_MD5,
    "sha1": Authentication.HIGH_SHA1,
    "sha256": Authentication.HIGH_SHA256,
    "gmac": Authentication.HIGH_GMAC,
    "ecdsa": Authentication.HIGH_ECDSA,
}
_REFUSED_CREDENTIALS = {
    SourceDiagnostic.AUTHENTICATION_FAILURE,
    SourceDiagnostic.AUTHENTICATION_REQUIRED,
    SourceDiagnostic.MECHANISM_NAME_REGUIRED,
    SourceDiagnostic.NOT_RECOGNISED,
}


def new_client(meter: AssociationParameters, counter: InvocationCounter | None) -> Any:
    """Return gurux's client for one association with ``meter``, its numbers from ``counter`` where it ciphers."""
    plain = meter.keys is None and meter.authentication in ("none", "low")
    kind = GXDLMSClient if plain else GXDLMSSecureClient
    client = kind(
        meter.referencing == "ln",
        meter.client,
        meter.server,
        _AUTHENTICATIONS[meter.authentication],
        meter.password or None,
        InterfaceType.PDU,
    )
    client.maxReceivePDUSize = meter.max_pdu_bytes
    if client.authentication > Authentication.LOW:
        client.ctoSChallenge = bytearray(secrets.token_bytes(16))  # gurux's own is predictable
    if meter.conformance and meter.referencing == "ln":  # short names have services of their own
        client.proposedConformance = _conformance(meter.conformance)
    elif meter.referencing == "sn":  # gurux leaves out that a read may come in blocks
        client.proposedConformance |= Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    client.proposedConformance &= ~(Conformance.GENERAL_PROTECTION | Conformance.GENERAL_BLOCK_TRANSFER)
    if meter.keys is not None and counter is not None:
        keys = meter.keys
        cipher = client.settings.cipher = _Ciphering(keys.system_title, counter)
        cipher.security = Security(keys.security)
        cipher.securitySuite = SecuritySuite(keys.suite)
        cipher.blockCipherKey = bytearray(keys.encryption_key)
        cipher.authenticationKey = bytearray(keys.authentication_key)
        dedicated = keys.fresh_dedicated_key()
        cipher.dedicatedKey = bytearray(dedicated) if dedicated else None
        cipher.signingKeyPair = _key_pair(meter.signing_keys)
        if keys.general:
            client.proposedConformance |= Conformance.GENERAL_PROTECTION
    return client


def new_reply() -> Any:
    """Return what gurux keeps an answer in."""
    return GXReplyData()


def take(client: Any, reply: Any, answer: bytes) -> None:
    """Let ``client`` understand ``answer`` and leave it in ``reply``.

    Raises:
        MeterError: as :func:`step`.
    """
    reply.clear()
    step(client.getData, GXByteBuffer(answer), reply, None)


def buffer(data: bytes) -> Any:
    """Return ``data`` as gurux takes it."""
    return GXByteBuffer(data)


def conformance_of(client: Any) -> frozenset[str]:
    """Return the services that were agreed on, by gurux's names."""
    return frozenset(str(one.name) for one in Conformance if one and one & client.negotiatedConformance)


def is_high_level(client: Any) -> bool:
    """Whether ``client`` proves that it knows the secret, instead of saying it."""
    return bool(client.authentication > Authentication.LOW)


def plain_proof(client: Any) -> bytes:
    """Return the proof of high-level security by itself, encoded; gurux has it in a WRITE, protected perhaps."""
    cipher = client.settings.cipher
    security = cipher.security if cipher else None
    if cipher:
        cipher.security = Security.NONE
    [written] = step(client.getApplicationAssociationRequest)
    if cipher:
        cipher.security = security
    return bytes(written)[_WRITE_HEAD_BYTES:]


class _Ciphering(GXCiphering):  # type: ignore[misc]
    """gurux's ciphering settings, whose invocation counter is the one on disk."""

    def __init__(self, title: bytes, counter: InvocationCounter) -> None:
        self._counter: InvocationCounter | None = None
        super().__init__(title)
        self._counter = counter

    @property
    def invocationCounter(self) -> int:  # noqa: N802 - gurux's name
        return self._counter.next if self._counter is not None else 0

    @invocationCounter.setter
    def invocationCounter(self, value: int) -> None:  # noqa: N802
        # gurux uses the number, then sets the next one; what it sets at the start (0, 1) is no use of any.
        while self._counter is not None and self._counter.next < value:
            self._counter.take()


def _key_pair(hex_keys: tuple[str, str] | None) -> tuple[Any, Any] | None:
    """Return gurux's pair: the meter's public key, and ours that is private."""
    if hex_keys is None:
        return None
    public, private = (bytes.fromhex(key) for key in hex_keys)
    return MeterKey(public), SigningKey(private)


def reference(data: bytes) -> Raw:
    """Decode a value by gurux.

    Raises:
        DecodeError: it cannot either.
    """
    client = GXDLMSClient(True, 1, 1, Authentication.NONE, None, InterfaceType.PDU)
    reply = GXReplyData()
    take(client, reply, b"\xc4\x01\xc0\x00" + data)
    if reply.value is None:  # it makes that of what it cannot decode to its end
        raise DecodeError(f"sent a value that makes no sense: {data[:32].hex(' ').upper()}")
    raw: Raw = step(_raw, reply.value)  # even the text of a date may fail there
    return raw


def _raw(value: Any) -> Raw:
    """Bring gurux's types to those of ``xdlms.py``."""
    if value is None or isinstance(value, bool | str | bytes):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [_raw(part) for part in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return _time_text(value) if isinstance(value, GXDateTime) else str(value)


def _time_text(value: Any) -> str:
    """Return a date-time, date or time in ISO 8601: gurux's own text is made for the language of this machine."""
    date, time = value.skip & _DATE_PARTS, value.skip & _TIME_PARTS
    if value.value is None or (date and not isinstance(value, GXTime)) or (time and not isinstance(value, GXDate)):
        return str(value)  # with fields left open
    if isinstance(value, GXTime):
        return str(value.value.time().isoformat(timespec="seconds"))
    return str(
        value.value.date().isoformat() if isinstance(value, GXDate) else value.value.isoformat(timespec="seconds")
    )


def step(step: Callable[..., Any], *args: Any) -> Any:
    """Let gurux take one step; whatever it raises becomes an error of the bridge here and nowhere else."""
    try:
        return step(*args)
    except MeterError:
        raise
    except GXDLMSException as error:
        diagnostic = getattr(error, "diagnostic", None)
        text = " ".join(str(error).split())
        if diagnostic in _REFUSED_CREDENTIALS:
            raise AuthError(
                f"refuses the password or the authentication: {text}",
                hint="check PASSWORD, AUTHENTICATION and CLIENT; repeated wrong attempts lock real meters",
            ) from error
        hint = "check CLIENT and SERVER"
        if diagnostic == SourceDiagnostic.NOT_SUPPORTED:
            hint = "is it referenced by short names (REFERENCING=sn), or does it want keys? bridge probe finds out"
        raise AssociationError(f"refuses the association: {text}", hint=hint) from error
    except (GXDLMSConfirmedServiceError, GXDLMSExceptionResponse) as error:
        raise ServiceError(f"ends the conversation: {' '.join(str(error).split())}") from error
    except Exception as error:  # gurux raises bare Exceptions, ValueErrors, IndexErrors and more on bad bytes
        raise DecodeError(f"sent an answer that cannot be decoded: {error or type(error).__name__}") from error


def _conformance(block: str) -> Any:
    """Return gurux's flags for a conformance block in hex as on the wire, its first bit the highest."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in reversed(bytes.fromhex(block)))
    return Conformance(int(bits, 2))
