"""Protection of the demo meter's APDUs: glo, ded and general ciphering, and the proofs of high-level security.

gurux-dlms does the AES-GCM and the digests; which APDU is protected how is decided here (IEC 62056-5-3, clause 5).
gurux prints while it ciphers: it is silenced. ECDSA, which its server side lacks, is done by the cryptography package.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from gurux_dlms import GXByteBuffer
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import Security as GuruxSecurity
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.objects.enums import SecuritySuite

from bridge.demo.access import MECHANISMS

if TYPE_CHECKING:
    from bridge.demo.access import Authentication, Keys

GENERAL_GLO, GENERAL_DED = 0xDB, 0xDC
GLO_INITIATE_REQUEST, GLO_INITIATE_RESPONSE = 0x21, 0x28
_GLO = {0x05: 0x25, 0x06: 0x26, 0x0C: 0x2C, 0x0D: 0x2D, 0xC0: 0xC8, 0xC1: 0xC9, 0xC2: 0xCA, 0xC3: 0xCB}
_GLO |= {0xC4: 0xCC, 0xC5: 0xCD, 0xC7: 0xCF}
_DED = {0x05: 0x45, 0x06: 0x46, 0x0C: 0x4C, 0x0D: 0x4D, 0xC0: 0xD0, 0xC1: 0xD1, 0xC2: 0xD2, 0xC3: 0xD3}
_DED |= {0xC4: 0xD4, 0xC5: 0xD5, 0xC7: 0xD7}
CIPHERED = frozenset((*_GLO.values(), *_DED.values(), GENERAL_GLO, GENERAL_DED))
"""The tags of protected APDUs (IEC 62056-5-3)."""
_DEDICATED = frozenset((*_DED.values(), GENERAL_DED))
_CHATTY = (
    "GXDLMSChippering",
    "GXDLMSChipperingStream",
    "GXSecure",
    "_GXAPDU",
    "GXDLMS",
    "GXDLMSLNCommandHandler",
    "GXDLMSSNCommandHandler",
)


def _silent(*_: Any, **__: Any) -> None:
    """Stand in for ``print`` in gurux's modules: nobody may see what it prints, keys included."""


for _module in _CHATTY:
    importlib.import_module(f"gurux_dlms.{_module}").print = _silent  # type: ignore[attr-defined]


class DecipheringError(Exception):
    """What came cannot be deciphered with the meter's keys."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A request without its protection: the plain APDU, what it came in, and with which counter and security bits."""

    apdu: bytes
    tag: int
    counter: int
    security: int

    @property
    def is_dedicated(self) -> bool:
        """Whether the dedicated key protected it."""
        return self.tag in _DEDICATED


def _curve(suite: int) -> tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]:
    """Return curve, digest and the bytes of a number on it."""
    return (ec.SECP384R1(), hashes.SHA384(), 48) if suite == 2 else (ec.SECP256R1(), hashes.SHA256(), 32)


def signing_pair(suite: int) -> tuple[bytes, bytes]:
    """Return a new private signing key (a raw scalar) and its public one (x and y) for a security suite."""
    curve, _, size = _curve(suite)
    key = ec.generate_private_key(curve).private_numbers()
    public = key.public_numbers
    return key.private_value.to_bytes(size), public.x.to_bytes(size) + public.y.to_bytes(size)


def _tag_holds(parameter: Any, plain: bytes, apdu: bytes) -> bool:
    """Return whether the authentication tag of ``apdu`` is right: gurux 1.0.203 deciphers without looking at it."""
    if parameter.security == GuruxSecurity.ENCRYPTION:
        return True
    GXDLMSChippering.encryptAesGcm(parameter, plain)
    return bytes(parameter.countTag) == apdu[-12:]


class ServerCipher:
    """The meter's keys at work in one association.

    Args:
        keys: its key material.
        own_title: its system title.
    """

    def __init__(self, keys: Keys, own_title: bytes) -> None:
        self._keys = keys
        self.own_title = own_title
        self.client_title = b""
        self.dedicated_key = b""

    def open(self, apdu: bytes) -> Plain:
        """Return the plain APDU in ``apdu``; a title in it is taken for the client's.

        Raises:
            DecipheringError: wrong key, wrong tag, or no protected APDU at all.
        """
        tag = apdu[0]
        dedicated = tag in _DEDICATED
        if dedicated and not self.dedicated_key:
            raise DecipheringError("no dedicated key was agreed")
        key = self.dedicated_key if dedicated else self._keys.encryption_key
        parameter = AesGcmParameter(
            0, bytearray(self.client_title), bytearray(key), bytearray(self._keys.authentication_key)
        )
        settings = GXDLMSSettings(True, None)
        settings.cipher = self._gurux()
        try:
            plain = bytes(GXCiphering.decrypt(settings, parameter, GXByteBuffer(apdu)))
        except Exception as error:  # gurux raises what it happens to
            raise DecipheringError(str(error)) from error
        if not plain or not _tag_holds(parameter, plain, apdu):
            raise DecipheringError("the authentication tag does not hold")
        if parameter.systemTitle:
            self.client_title = bytes(parameter.systemTitle)
        return Plain(plain, tag, parameter.invocationCounter, int(parameter.security))

    def close(self, apdu: bytes, request: Plain, counter: int) -> bytes:
        """Return ``apdu`` protected as ``request`` was.

        Args:
            apdu: the plain answer.
            request: what it answers.
            counter: the meter's invocation counter for this APDU.
        """
        if request.tag in (GENERAL_GLO, GENERAL_DED):
            tag = request.tag
        elif request.tag == GLO_INITIATE_REQUEST:
            tag = GLO_INITIATE_RESPONSE
        else:
            tag = (_DED if request.is_dedicated else _GLO).get(apdu[0], 0)
        if not tag:
            return apdu  # exception-response and its like have no protected form but the general one
        key = self.dedicated_key if request.is_dedicated else self._keys.encryption_key
        parameter = AesGcmParameter(
            tag, bytearray(self.own_title), bytearray(key), bytearray(self._keys.authentication_key)
        )
        parameter.security = GuruxSecurity(request.security)
        parameter.securitySuite = SecuritySuite(self._keys.suite)
        parameter.invocationCounter = counter
        return bytes(GXCiphering.encrypt(parameter, apdu))

    # Proofs of high-level security: f(StoC) by the client, f(CtoS) by the meter (IEC 62056-5-3, clause 5).

    def is_proven(self, how: Authentication, secret: bytes, challenges: tuple[bytes, bytes], proof: bytes) -> bool:
        """Return whether ``proof`` is the client's: of the secret, or its keys, and the challenges (CtoS, StoC)."""
        to_server, to_client = challenges
        if how == "ecdsa":
            signed = self.client_title + self.own_title + to_client + to_server
            return self._is_signed(signed, proof)
        counter = int.from_bytes(proof[1:5]) if how == "gmac" else 0
        titles = (self.client_title, self.own_title)
        return proof == self._secured(how, secret, (to_client, to_server), titles, counter)

    def prove(self, how: Authentication, secret: bytes, challenges: tuple[bytes, bytes], counter: int) -> bytes:
        """Return the meter's own proof."""
        to_server, to_client = challenges
        if how == "ecdsa":
            return self._sign(self.own_title + self.client_title + to_server + to_client)
        return self._secured(how, secret, challenges, (self.own_title, self.client_title), counter)

    def _secured(
        self,
        how: Authentication,
        secret: bytes,
        challenges: tuple[bytes, bytes],
        titles: tuple[bytes, bytes],
        counter: int,
    ) -> bytes:
        settings = GXDLMSSettings(True, None)
        settings.authentication = MECHANISMS[how]
        settings.cipher = self._gurux()
        material = {"gmac": titles[0], "sha256": secret + b"".join(titles + challenges)}.get(how, secret)
        return bytes(GXSecure.secure(settings, settings.cipher, counter, bytearray(challenges[0]), bytearray(material)))

    def _gurux(self) -> Any:
        cipher = GXCiphering(bytearray(self.own_title))
        cipher.blockCipherKey = bytearray(self._keys.encryption_key)
        cipher.authenticationKey = bytearray(self._keys.authentication_key)
        cipher.securitySuite = SecuritySuite(self._keys.suite)
        return cipher

    def _sign(self, data: bytes) -> bytes:
        curve, digest, size = _curve(self._keys.suite)
        key = ec.derive_private_key(int.from_bytes(self._keys.signing_key), curve)
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(size) + s.to_bytes(size)

    def _is_signed(self, data: bytes, signature: bytes) -> bool:
        curve, digest, size = _curve(self._keys.suite)
        if len(signature) != 2 * size:
            return False
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        public = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + self._keys.client_public_key)
        try:
            public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(digest))
        except InvalidSignature:
            return False
        return True
