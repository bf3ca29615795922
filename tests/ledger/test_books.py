"""What the books say of a ledger on disk, and what the metrics show of that."""

from __future__ import annotations

import pytest

from bridge.ledger.books import meter_books
from bridge.ledger.completeness import DAY_MS, Counts
from bridge.ledger.metrics import LedgerMetrics
from tests.ledger.shelf import NOON_MS, Shelf, ago

DAY_PROFILE = "1.0.99.2.0.255"


def book_of(shelf: Shelf, meter="main"):
    return meter_books(shelf.store, NOON_MS)[meter]


def test_a_meter_whose_intervals_are_all_had_lacks_nothing(shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    book = book_of(shelf)
    assert book.window("day") == Counts(had=95)
    assert (book.missing, book.oldest_missing_ms, book.first_overwritten_ms) == (0, None, None)


def test_what_is_missing_is_counted_by_its_oldest_and_by_when_it_is_overwritten(shelf):
    shelf.profile("main", (48, 20, "confirmed"), (18, 6, "confirmed"), (6, 5, "on its way"), (5, 0, "confirmed"),
                  capacity=96)  # fmt: skip
    book = book_of(shelf)
    assert book.missing == 8 + 4
    assert book.oldest_missing_ms == ago(20)
    assert book.first_overwritten_ms == ago(20) + 97 * 900_000
    assert book.window("day").ratio == pytest.approx((95 - 12) / 95)


def test_two_load_profiles_of_a_meter_count_together_and_event_logs_do_not(shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    shelf.profile("main", (48, 0, "wanted"), name=DAY_PROFILE, period_s=43_200)
    shelf.log("main", (3, 1, "power down"))
    assert book_of(shelf).window("day") == Counts(had=95, missing=1)


def test_an_epoch_ends_where_the_next_begins(shelf):
    shelf.profile("main", (48, 10, "confirmed"), (10, 9, "overwritten"))
    shelf.profile("main", (8, 0, "confirmed"), begin=8, epoch=2, period_s=1800)
    assert book_of(shelf).window("day") == Counts(had=14 * 4 + 15, missing=4, gone=4)


def test_each_meter_has_its_own_book_and_one_without_a_load_profile_none(shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    shelf.profile("hall", (48, 2, "confirmed"))
    shelf.log("cellar")
    assert {name: book.missing for name, book in meter_books(shelf.store, NOON_MS).items()} == {"main": 0, "hall": 7}
    assert list(meter_books(shelf.store, NOON_MS, ["hall"])) == ["hall"]


def test_metrics_show_windows_days_and_gaps_and_forget_those_that_were_filled(shelf):
    number = shelf.profile("main", (48, 20, "confirmed"), (18, 0, "confirmed"), capacity=5760)
    metrics = LedgerMetrics()

    def shown(name, **labels):
        return metrics.registry.get_sample_value(f"dlms_intervals_{name}", {"meter": "main", **labels})

    metrics.show(meter_books(shelf.store, NOON_MS))
    assert shown("completeness_ratio", window="day") == pytest.approx(87 / 95)
    assert shown("completeness_ratio", window="month") == pytest.approx(183 / 191)
    assert shown("day_completeness_ratio", day="2026-11-22") == pytest.approx(88 / 96)
    assert shown("day_completeness_ratio", day="2026-11-23") == 1
    assert shown("day_completeness_ratio", day="2026-11-20") is None, "before the ledger's beginning"
    assert shown("missing") == 8
    assert shown("oldest_missing_timestamp_seconds") == ago(20) / 1000
    assert shown("first_overwritten_timestamp_seconds") == (ago(20) + 5761 * 900_000) / 1000
    shelf.paint(number, 20, 18, "confirmed")
    metrics.show(meter_books(shelf.store, NOON_MS))
    assert shown("completeness_ratio", window="day") == 1
    assert shown("missing") == 0
    assert shown("oldest_missing_timestamp_seconds") is None
    assert shown("first_overwritten_timestamp_seconds") is None


def test_days_that_have_passed_out_of_the_fortnight_have_no_series(shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    metrics = LedgerMetrics()
    metrics.show(meter_books(shelf.store, NOON_MS))
    later = NOON_MS + 13 * DAY_MS
    metrics.show(meter_books(shelf.store, later))
    days = {sample.labels["day"] for one in metrics.intervals_day_completeness.collect() for sample in one.samples}
    assert len(days) == 14
    assert min(days) == "2026-11-23"


def test_a_fleet_has_no_series_per_day(shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    metrics = LedgerMetrics(fleet=True)
    metrics.show(meter_books(shelf.store, NOON_MS))
    assert not metrics.intervals_day_completeness.collect()[0].samples
    assert [sample.labels["window"] for sample in metrics.intervals_completeness.collect()[0].samples] == ["day"]
