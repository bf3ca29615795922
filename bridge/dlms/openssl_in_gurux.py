"""OpenSSL in the place of gurux-dlms's own AES-GCM and ECDSA, which are written in Python, and silence for its prints.

Names in modules of gurux are exchanged; a test fails when a new gurux does not use them any more. gurux prints
"Encryption is applied." twice per APDU, and in places private keys: a ``print`` of our own in each of its modules keeps
all of that out of the container's log. Imports nothing of gurux: ``gurux.py`` has loaded it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.dlms.ciphering import TAG_BYTES, key_stream
from bridge.dlms.security_keys import AUTHENTICATION
from bridge.dlms.signing import OpenSslEcdsa


class OpenSslGcm:
    """gurux's ``GXDLMSChipperingStream`` by OpenSSL, as far as an association uses it.

    Args: as gurux passes them: security, whether to encrypt, block cipher key, additional data, nonce, the tag of what
        is opened (None when protecting).
    """

    def __init__(self, security: Any, encrypt: Any, kek: Any, aad: Any, iv: Any, tag: Any) -> None:  # noqa: ARG002, PLR0917
        self._gcm = AESGCM(bytes(kek))
        self._aad = bytes(aad or b"")
        self._nonce = bytes(iv or b"")
        self._expected = bytes(tag) if tag else b""
        self._security = int(security or 0)
        self._data = b""
        self.tag = b""

    def write(self, data: Any) -> None:
        """Take more of the APDU."""
        self._data += bytes(data)

    def flushFinalBlock(self) -> bytearray:  # noqa: N802 - gurux's name
        """Return it protected or opened, and leave its tag in ``tag``."""
        turned = key_stream(self._gcm, self._nonce, self._data)
        plain = turned if self._expected else self._data
        self.tag = self._gcm.encrypt(self._nonce, plain, self._aad)[len(plain) :][:TAG_BYTES]
        if self._expected and self._security & AUTHENTICATION and not compare_digest(self.tag, self._expected):
            raise ValueError("Decrypt failed. Invalid tag.")  # gurux itself does not look (1.0.203)
        return bytearray(turned)

    @staticmethod
    def tagsEquals(tag1: Any, tag2: Any) -> bool:  # noqa: N802
        """Return whether two tags are the same."""
        return bytes(tag1) == bytes(tag2)


@dataclass(frozen=True, slots=True)
class Silenced:
    """What was changed in gurux, for the test that holds it."""

    modules: tuple[str, ...]
    gcm: type
    ecdsa: type


def _say_nothing(*_: object, **__: object) -> None:
    """Stand for ``print`` in gurux's modules."""


def quiet_and_fast() -> Silenced:
    """Exchange gurux's AES-GCM, its ECDSA and its ``print``; doing it again changes nothing.

    gurux must have been imported.

    Raises:
        ImportError: this gurux has no such place; the version is pinned, so it was not tested with ours.
    """
    _exchange("gurux_dlms.GXDLMSChippering", "GXDLMSChipperingStream", OpenSslGcm)
    for user in ("gurux_dlms.GXSecure", "gurux_dlms.GXDLMSClient"):
        _exchange(user, "GXEcdsa", OpenSslEcdsa)
    modules = tuple(name for name in list(sys.modules) if name.split(".")[0] == "gurux_dlms")
    for name in modules:
        vars(sys.modules[name])["print"] = _say_nothing
    return Silenced(modules, OpenSslGcm, OpenSslEcdsa)


def _exchange(module: str, name: str, ours: type) -> None:
    room = vars(sys.modules[module])
    if name not in room:
        raise ImportError(f"this gurux-dlms has no {name} in {module}: use the pinned version")
    room[name] = ours
