"""``bridge gaps``: what is missing of the meters' load profiles, why, and until when it can still be had.

Reads the ledger's file, whether the bridge runs or not; asks nobody and changes nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bridge.cli.catalogue import Catalogue
from bridge.cli.gaps.gaps_shown import GapsShown, history_plain, whys
from bridge.cli.ledger_file import CommandLedger, Unanswerable, utc_iso
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.clock.machine import wall_s
from bridge.ledger.books import meter_books
from bridge.ledger.completeness import DAY_MS, WINDOWS
from bridge.ledger.sum_check import judge, register_days

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from bridge.ledger.books import MeterBook
    from bridge.ledger.store import LedgerStore
    from bridge.ledger.sum_check import RegisterDay, SumVerdict

_MONTH_MS = WINDOWS["month"]


class GapsCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
        as_json: one JSON document instead of tables.
        everything: all gaps instead of the newest.
        clock_s: the time, Unix seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        out: TextIO,
        *,
        as_json: bool = False,
        everything: bool = False,
        clock_s: Callable[[], float] = wall_s,
    ) -> None:
        self._say = say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._ledger = CommandLedger(environ, say)
        self._as_json = as_json
        self._everything = everything
        self._now_ms = int(clock_s() * 1000)

    def run(self, meter: str) -> int:
        """Show it and return the exit code: 0 nothing is missing; 1 something is, or is gone; 2 it cannot be told."""
        try:
            with self._ledger.opened() as store:
                return self._of(store, meter)
        except Unanswerable as error:
            if self._as_json:
                self._terminal.say(json.dumps({"error": str(error)}))
            else:
                self._terminal.say(self._terminal.sign("bad"), " ", str(error))
            return UNUSABLE

    def _of(self, store: LedgerStore, given: str) -> int:
        asked = self._ledger.meter(store, given) if given else None
        names = [asked] if asked else self._ledger.meters(store)
        books = {
            name: book
            for name, book in meter_books(store, self._now_ms, [asked] if asked else None).items()
            if name in names
        }
        without = {name: self._ledger.why_without(name) for name in names if name not in books}
        sums = {name: self._sums(store, book) for name, book in books.items()} if given or self._as_json else {}
        if self._as_json:
            self._terminal.say(json.dumps(self._plain(books, without, sums)))
        else:
            shown = GapsShown(
                self._terminal, self._say, self._now_ms, everything=self._everything, is_of_one=bool(given)
            )
            shown.show(list(books.values()), without, sums)
        if asked in without:
            return SOMETHING_WRONG
        month = [book.window("month") for book in books.values()]
        is_whole = not any(book.missing for book in books.values()) and not any(one.gone for one in month)
        return ALL_WELL if is_whole else SOMETHING_WRONG

    def _sums(self, store: LedgerStore, book: MeterBook) -> list[tuple[str, RegisterDay, SumVerdict]]:
        """Return the sum check of the last month's days that are over: by load profile, register and day."""
        today_ms = self._now_ms - self._now_ms % DAY_MS
        return [
            (line.history.logical_name, day, judge(day))
            for line in book.timelines
            for day in register_days(store, line.history, today_ms - _MONTH_MS, today_ms)
        ]

    def _plain(
        self,
        books: Mapping[str, MeterBook],
        without: Mapping[str, str],
        sums: Mapping[str, list[tuple[str, RegisterDay, SumVerdict]]],
    ) -> dict[str, Any]:
        meters = []
        for name, book in books.items():
            checked = [
                {
                    "day": str(utc_iso(day.day_ms))[:10], "key": day.key, "unit": day.unit, "verdict": verdict.word,
                    "by": verdict.by,
                }
                for _, day, verdict in sums.get(name, ())
            ]  # fmt: skip
            meters.append({
                "meter": name,
                "completeness": {window: book.window(window).ratio for window in WINDOWS},
                "missing": book.missing,
                "gone": book.window("month").gone,
                "first_overwritten": utc_iso(book.first_overwritten_ms),
                "load_profiles": [history_plain(line, whys(line)) for line in book.timelines],
                "sum_check": checked,
            })  # fmt: skip
        return {"time": utc_iso(self._now_ms), "meters": meters, "without": without}
