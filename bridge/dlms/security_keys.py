"""The keys of one meter and how its APDUs are protected with them. Pure."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal

AUTHENTICATION, ENCRYPTION = 0x10, 0x20
"""Bits of the security control byte (IEC 62056-5-3, 9.2.7.2.4.1)."""


Security = Literal["none", "authentication", "encryption", "authenticated-encryption"]
"""The same bits in words."""
Suite = Literal[0, 1, 2]


@dataclass(frozen=True, slots=True)
class SecurityKeys:
    """How the APDUs of a meter are protected.

    Args:
        security: ``AUTHENTICATION``, ``ENCRYPTION`` or both.
        suite: security suite 0, 1 or 2 (IEC 62056-5-3, 9.2.3.7): AES-128 in 0 and 1, AES-256 in 2.
        encryption_key: global unicast encryption key (block cipher key), 16 or 32 bytes.
        authentication_key: authentication key, of the same length; empty when nothing is authenticated.
        system_title: the client's, 8 bytes.
        dedicated: whether each association gets a key of its own.
        general: whether general-glo-ciphering is proposed.
    """

    security: int
    suite: int
    encryption_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    system_title: bytes = b""
    dedicated: bool = False
    general: bool = False

    def fresh_dedicated_key(self) -> bytes | None:
        """Return a random key for one association; None where the global key is used."""
        return secrets.token_bytes(len(self.encryption_key)) if self.dedicated else None
