"""Who may associate with the demo meter and with which secret; what it remembers between connections; its lockout.

What goes over the wire is ``association.py``'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Authentication = Literal["none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa"]
Security = Literal["none", "authentication", "encryption", "authenticated-encryption"]

MECHANISMS: dict[Authentication, int] = {
    "none": 0,
    "low": 1,
    "high": 2,
    "md5": 3,
    "sha1": 4,
    "gmac": 5,
    "sha256": 6,
    "ecdsa": 7,
}
"""The last number of the mechanism name (IEC 62056-5-3)."""

SECURITY_BITS: dict[Security, int] = {
    "none": 0,
    "authentication": 0x10,
    "encryption": 0x20,
    "authenticated-encryption": 0x30,
}
"""The bits of the security control byte (IEC 62056-5-3, clause 5)."""

DEMO_ENCRYPTION_KEY = bytes(range(16))
DEMO_AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
"""The example keys of the standard: they protect nothing, which suits a demo."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client that the meter knows.

    Args:
        address: its HDLC address or wrapper port (SAP).
        authentication: what it must prove itself with.
        secret: password or shared secret; unused by none, gmac and ecdsa.
        security: how its APDUs must be protected.
        sees: OBIS codes that it may read; None for all. Others do not exist for it.
    """

    address: int
    authentication: Authentication = "none"
    secret: bytes = b""
    security: Security = "none"
    sees: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The meter's key material.

    Args:
        suite: security suite 0, 1 or 2 (AES-128; AES-128 with P-256; AES-256 with P-384).
        encryption_key: global unicast encryption key: 16 bytes, 32 for suite 2.
        authentication_key: global authentication key, of the same length.
        signing_key: the meter's private signing key, a raw scalar; empty where ECDSA is not used.
        client_public_key: the client's public signing key, x and y; empty where ECDSA is not used.
    """

    suite: int = 0
    encryption_key: bytes = DEMO_ENCRYPTION_KEY
    authentication_key: bytes = DEMO_AUTHENTICATION_KEY
    signing_key: bytes = b""
    client_public_key: bytes = b""


@dataclass(slots=True)
class MeterMemory:
    """What the meter keeps between connections: hand the same one to every :class:`~bridge.demo.meter.MeterServer`.

    Args:
        lock_after: wrong secrets in a row that lock it; 0 never does.
        lock_minutes: for how long.

    ``wrong_secrets`` counts all that were ever wrong, ``locks`` how often it locked: a test looks at them.
    """

    lock_after: int = 3
    lock_minutes: float = 10.0
    wrong_secrets: int = 0
    in_a_row: int = 0
    locks: int = 0
    locked_until_s: float = 0.0
    associations: int = 0
    refused_counters: int = 0
    received: dict[int, int] = field(default_factory=dict)
    """The highest invocation counter had from each client address."""
    sent: int = 0
    """The last invocation counter that the meter used itself."""

    def is_locked(self, now_s: float) -> bool:
        """Return whether it refuses everybody who offers a secret."""
        return now_s < self.locked_until_s

    def note_wrong(self, now_s: float) -> None:
        """Count a wrong secret; lock when that was one too many."""
        self.wrong_secrets += 1
        self.in_a_row += 1
        if self.lock_after and self.in_a_row >= self.lock_after:
            self.locks += 1
            self.in_a_row = 0
            self.locked_until_s = now_s + self.lock_minutes * 60

    def note_right(self) -> None:
        """A right secret ends the row of wrong ones."""
        self.in_a_row = 0
        self.associations += 1


Clock = Callable[[], float]
