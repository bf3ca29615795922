"""The metrics of the ledger: how complete each meter's history is, what is missing, and what back-fill did.

Set from the books every so often, counted by the back-fill; nobody reads one back. A meter without a load profile has
no series here. In a fleet a meter has the figures that alerts need, and none per day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.ledger.books import MeterBook
    from bridge.ledger.state import RowResult


class LedgerMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
        fleet: for thousands of meters: no series per meter and day, and of the windows the day alone.
    """

    def __init__(self, registry: CollectorRegistry | None = None, *, fleet: bool = False) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self._fleet = fleet
        self.intervals_completeness = Gauge(
            "dlms_intervals_completeness_ratio",
            "Share of the due intervals of a meter's load profiles that are stored, or never were for it had no power, "
            "of the last day, week or month",
            ("meter", "window"),
            registry=registry,
        )
        self.intervals_day_completeness = Gauge(
            "dlms_intervals_day_completeness_ratio",
            "The same of one day of UTC, of the last fourteen",
            ("meter", "day"),
            registry=registry,
        )
        self.intervals_missing = Gauge(
            "dlms_intervals_missing",
            "Due intervals that are not stored and can still be had from the meter",
            ("meter",),
            registry=registry,
        )
        self.intervals_oldest_missing = Gauge(
            "dlms_intervals_oldest_missing_timestamp_seconds",
            "Start of the oldest interval that is missing and can still be had",
            ("meter",),
            registry=registry,
        )
        self.intervals_first_overwritten = Gauge(
            "dlms_intervals_first_overwritten_timestamp_seconds",
            "When the meter overwrites the first interval that is missing",
            ("meter",),
            registry=registry,
        )
        self.intervals_backfill_rows = Counter(
            "dlms_intervals_backfill_rows",
            "Rows of load profiles and event logs, by what became of them: confirmed, wanted again or refused",
            ("meter", "result"),
            registry=registry,
        )
        self._counted: dict[str, dict[RowResult, int]] = {}
        self._shown: dict[Gauge, set[tuple[str, ...]]] = {
            gauge: set()
            for gauge in (
                self.intervals_completeness,
                self.intervals_day_completeness,
                self.intervals_missing,
                self.intervals_oldest_missing,
                self.intervals_first_overwritten,
            )
        }

    def count(self, meter: str, totals: Mapping[RowResult, int]) -> None:
        """Count rows up to ``totals``, which are those since the start.

        Args:
            meter: whose.
            totals: by what became of them.
        """
        counted = self._counted.setdefault(meter, {})
        for result, total in totals.items():
            self.intervals_backfill_rows.labels(meter, result).inc(total - counted.get(result, 0))
            counted[result] = total

    def show(self, books: Mapping[str, MeterBook]) -> None:
        """Show the figures of these meters and of no other.

        A page that is made meanwhile, on another thread, never lacks a series that stays.

        Args:
            books: by meter.
        """
        new: dict[Gauge, dict[tuple[str, ...], float]] = {gauge: {} for gauge in self._shown}
        for name, book in books.items():
            for window, ratio in book.windows.items():
                if window == "day" or not self._fleet:
                    new[self.intervals_completeness][name, window] = ratio
            for day_ms, ratio in () if self._fleet else book.days.items():
                day = datetime.fromtimestamp(day_ms / 1000, UTC).date().isoformat()
                new[self.intervals_day_completeness][name, day] = ratio
            _note(new[self.intervals_missing], (name,), book.missing)
            _note(new[self.intervals_oldest_missing], (name,), _seconds(book.oldest_missing_ms))
            _note(new[self.intervals_first_overwritten], (name,), _seconds(book.first_overwritten_ms))
        for gauge, figures in new.items():
            for labels, figure in figures.items():
                gauge.labels(*labels).set(figure)
            for labels in self._shown[gauge] - figures.keys():  # a day that has passed, a gap that was filled
                gauge.remove(*labels)
            self._shown[gauge] = set(figures)


def _note(figures: dict[tuple[str, ...], float], labels: tuple[str, ...], figure: float | None) -> None:
    if figure is not None:
        figures[labels] = figure


def _seconds(at_ms: int | None) -> float | None:
    return None if at_ms is None else at_ms / 1000
