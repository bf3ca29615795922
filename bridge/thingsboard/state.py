"""What the audit says of itself, for the status report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditState:
    """What was found last.

    Args:
        ago_s: since that audit ended; None while none was made.
        values: that it looked for.
        missing_values: of them, that ThingsBoard did not have.
        failed_attempts: audits in a row since then that could not be made.
        why: why the last one could not; empty when it could.
    """

    ago_s: float | None
    values: int = 0
    missing_values: int = 0
    failed_attempts: int = 0
    why: str = ""
