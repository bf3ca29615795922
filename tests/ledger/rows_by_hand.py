"""Rows of a load profile, written down: a day of quarters, a register, a status."""

from __future__ import annotations

from bridge.dlms.history import HistoryLayout, HistoryRow
from bridge.dlms.load_profile import ProfileCell, ProfileColumn
from bridge.ledger.history import History
from bridge.ledger.reader import HistorySource

QUARTER = 900_000
DAY = 20_000 * 86_400_000
LAYOUT = HistoryLayout(
    "1.0.99.1.0.255",
    (
        ProfileColumn(8, "0.0.1.0.0.255", 2),
        ProfileColumn(1, "0.0.96.10.1.255", 2),
        ProfileColumn(3, "1.0.1.8.0.255", 2, unit="Wh"),
        ProfileColumn(3, "1.0.1.7.0.255", 2, unit="W"),
    ),
    900, 0, 1,
)  # fmt: skip
SOURCE = HistorySource(
    "1.0.99.1.0.255", "intervals", {"1.0.1.8.0.255": "energy", "1.0.1.7.0.255": "power"},
    status={7: "power down", 3: "daylight saving"},
)  # fmt: skip
HISTORY = History(7, "main", "1.0.99.1.0.255", "intervals", 1, 900, (), (), begin_ms=DAY)


def at(quarter: float) -> int:
    """Return the end of a quarter of the day."""
    return DAY + int(quarter * QUARTER)


def row(quarter: float, energy=None, *, power=5, status: int | None = 0, quality="") -> HistoryRow:
    energy = int(quarter * 10) if energy is None else energy
    cells = ProfileCell(""), ProfileCell(status), ProfileCell(energy, quality), ProfileCell(power)
    return HistoryRow(at(quarter), cells, status)
