"""The clock of this machine, with the ledger that is kept on the data volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.clock.clock import BridgeClock
from bridge.clock.ledger_file import LedgerFile
from bridge.clock.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path


def open_clock(data_dir: Path, *, patience_s: float) -> tuple[BridgeClock, LedgerFile]:
    """Return the clock, and where its ledger is kept."""
    file, machine = LedgerFile(data_dir), Machine()
    return BridgeClock(machine.read, machine.moment, file.load(), patience_s=patience_s), file
