"""How to associate with one meter and what to read there: all that a ``MeterSession`` is told. Pure.

The settings have their own words for it (``configuration/``); the service adds where the meter is and how often it is
read (``configuration/meter.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from bridge.dlms.framing import Framing
    from bridge.dlms.register import Register
    from bridge.dlms.security_keys import SecurityKeys

Referencing = Literal["ln", "sn"]
"""Logical names or short names."""
Authentication = Literal["none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationParameters:
    """How to associate with one meter and what to read there. No secret shows in its representation.

    Args:
        framing: ``hdlc``, ``wrapper``, or ``hdlc-mode-e``.
        client: client address (SAP).
        server: HDLC server address, or wrapper port of the meter.
        server_address_bytes: HDLC address length on the wire; 0 lets the address decide.
        authentication: ``none``, ``low``, or the mechanism of high-level security.
        password: low-level password or high-level secret.
        conformance: proposed conformance block in hex; empty proposes all that is read.
        max_pdu_bytes: largest PDU that the bridge says it takes.
        retries: how often a request is repeated when no complete answer came.
        interval_s: seconds from one cycle to the next; retries due at least hourly are counted in cycles.
        registers: what to read every cycle.
        attributes: what to read once per association.
        referencing: ``ln`` or ``sn``.
        keys: how APDUs are protected; None for plain ones.
        signing_keys: for ECDSA: the meter's public key and ours that is private, in hex.
        counter_obis: logical name of the invocation counter for the public client; empty never asks.
        max_info_bytes: HDLC information field that is proposed; 0 proposes none.
        window: HDLC frames that the meter may send in a row.
        list_items: most registers in one GET-WITH-LIST.
    """

    framing: Framing
    client: int
    server: int
    server_address_bytes: int
    authentication: Authentication
    password: bytes = field(repr=False)
    conformance: str
    max_pdu_bytes: int
    retries: int
    interval_s: float
    registers: tuple[Register, ...]
    attributes: tuple[Register, ...]
    referencing: Referencing = "ln"
    keys: SecurityKeys | None = None
    signing_keys: tuple[str, str] | None = field(default=None, repr=False)
    counter_obis: str = ""
    max_info_bytes: int = 0
    window: int = 1
    list_items: int = 64

    def as_public_client(self, client: int) -> Self:
        """Return the same meter as the public client sees it: no authentication, no keys, nothing to read, once."""
        return replace(
            self, client=client, authentication="none", password=b"", keys=None, signing_keys=None, counter_obis="",
            conformance="", registers=(), attributes=(), retries=0,
        )  # fmt: skip
