"""Data-access-results as text (IEC 62056-5-3, Data-Access-Result): why a meter refuses one attribute."""

from __future__ import annotations

_REFUSALS = {
    1: "hardware fault",
    2: "temporary failure",
    3: "read-write denied",
    4: "object undefined",
    9: "object class inconsistent",
    11: "object unavailable",
    12: "type unmatched",
    13: "scope of access violated",
    14: "data block unavailable",
    15: "long get aborted",
    16: "no long get in progress",
    17: "long set aborted",
    18: "no long set in progress",
    19: "data block number invalid",
    250: "other reason",
}


def refusal_text(code: int) -> str:
    """Return why the attribute is refused; ``reason 99`` for a code that the standard does not have."""
    return _REFUSALS.get(code, f"reason {code}")
