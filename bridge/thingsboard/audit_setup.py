"""Puts an audit together from the settings: for the command and for the bridge, which audits by itself."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.outbox.kept import FOLDER
from bridge.outbox.kept_reading import KeptReading
from bridge.thingsboard.audit import Audit
from bridge.thingsboard.kept_expectation import KeptExpectation
from bridge.thingsboard.ledger_expectation import LedgerExpectation
from bridge.thingsboard.rest import Rest
from bridge.thingsboard.telemetry import StoredTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.configuration.settings import Settings
    from bridge.thingsboard.kept_expectation import SendAgain

SETTLED_S: Final = 60
"""Live samples younger than that are not looked for: they may be on their way."""
LEDGER: Final = "ledger.db"


@dataclass(frozen=True, slots=True)
class AuditSetup:
    """An audit that can begin.

    Args:
        audit: it.
        since_ms: from when on, Unix milliseconds.
        until_ms: until when.
        live_since_ms: from when on live samples are kept and can be audited; ``until_ms`` when none are.
    """

    audit: Audit
    since_ms: int
    until_ms: int
    live_since_ms: int


@contextmanager
def audit_setup(
    settings: Settings,
    destination: str,
    *,
    since_ms: int,
    now_ms: int,
    send_again: SendAgain,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[AuditSetup]:
    """Give an audit; its connection to ThingsBoard ends with the block.

    Args:
        settings: all of them.
        destination: for whom samples are accepted now.
        since_ms: from when on; Unix milliseconds.
        now_ms: Unix milliseconds.
        send_again: sends kept samples again.
        sleep: waits so many seconds.

    Raises:
        UpstreamError: ThingsBoard's REST API cannot be asked, by these settings.
    """
    until_ms = now_ms - SETTLED_S * 1000
    kept = KeptExpectation(KeptReading(settings.data_dir / FOLDER, destination), since_ms, until_ms, send_again)
    ledger = LedgerExpectation(settings.data_dir / LEDGER)
    with Rest(settings.thingsboard, sleep=sleep) as rest:
        audit = Audit(StoredTelemetry(rest), (ledger, kept))
        yield AuditSetup(audit, since_ms, until_ms, kept.since_ms)
