"""ECDSA signatures (IEC 62056-5-3, 5.3.3.4; suites 1 and 2) by OpenSSL, where gurux-dlms has its own in Python.

gurux's draws the secret number of a signature from a generator that is no cryptographic one, prints the private key,
and cannot do P-384. Its names are met here, so that its client takes these keys for its own; see ``ciphering.py``.
"""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

_CURVES: dict[int, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    32: (ec.SECP256R1(), hashes.SHA256()),
    48: (ec.SECP384R1(), hashes.SHA384()),
}
"""By the size of a coordinate: suite 1, suite 2."""


class SigningKey:
    """The client's private key.

    Args:
        raw: its number, 32 or 48 bytes.

    Raises:
        ValueError: it is no key of either curve.
    """

    def __init__(self, raw: bytes) -> None:
        self._size = len(raw)
        if self._size not in _CURVES:
            raise ValueError("a signing key has 32 or 48 bytes")
        curve, self._digest = _CURVES[self._size]
        self._key = ec.derive_private_key(int.from_bytes(raw), curve)

    def sign(self, data: bytes) -> bytes:
        """Return the signature as DLMS writes it: r and s, one behind the other."""
        r, s = utils.decode_dss_signature(self._key.sign(data, ec.ECDSA(self._digest)))
        return r.to_bytes(self._size) + s.to_bytes(self._size)

    def getPublicKey(self) -> SigningKey:  # noqa: N802 - gurux's name
        """Return what gurux prints: itself, for nothing shall be printed."""
        return self

    def toHex(self) -> str:  # noqa: N802
        """Return what gurux prints: nothing."""
        return ""


class MeterKey:
    """The meter's public key.

    Args:
        raw: x and y, 64 or 96 bytes, with or without 04 in front.

    Raises:
        ValueError: it is no point of either curve.
    """

    def __init__(self, raw: bytes) -> None:
        point = raw if len(raw) % 2 else b"\x04" + raw
        self._size = len(point) // 2
        if self._size not in _CURVES:
            raise ValueError("a public key has 64 or 96 bytes")
        curve, self._digest = _CURVES[self._size]
        self._key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Return whether ``signature`` is the meter's, of ``data``."""
        if len(signature) != 2 * self._size:
            return False
        r, s = int.from_bytes(signature[: self._size]), int.from_bytes(signature[self._size :])
        try:
            self._key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(self._digest))
        except InvalidSignature:
            return False
        return True


class OpenSslEcdsa:
    """gurux's ``GXEcdsa``, as far as an association uses it."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def sign(self, data: Any) -> bytes:
        """As :meth:`SigningKey.sign`."""
        signature: bytes = self._key.sign(bytes(data))
        return signature

    def verify(self, signature: Any, data: Any) -> bool:
        """As :meth:`MeterKey.verify`."""
        valid: bool = self._key.verify(bytes(signature), bytes(data))
        return valid
