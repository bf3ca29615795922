"""What ``bridge gaps`` shows: a line per load profile, a table of its gaps, the sum check's findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bridge.cli.duration import duration_text
from bridge.cli.ledger_file import utc_iso, utc_text
from bridge.dlms.obis_names import short_obis
from bridge.ledger.classification import POWER_DOWN, SET_FORWARD, TOO_OLD, UNEXPLAINED
from bridge.ledger.completeness import WINDOWS
from bridge.ledger.examination import CHANGED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Part, Style, Terminal
    from bridge.ledger.books import MeterBook
    from bridge.ledger.completeness import Timeline
    from bridge.ledger.states import IntervalState, Range
    from bridge.ledger.sum_check import RegisterDay, SumVerdict

_MOST, _FEW = 20, 5
_STATES: Final[Mapping[IntervalState, str]] = {
    "wanted": "gaps.state.wanted",
    "on its way": "gaps.state.on_its_way",
    "meter was off": "gaps.state.off",
    "overwritten": "gaps.state.overwritten",
    "refused": "gaps.state.refused",
}
_STYLES: Final[Mapping[IntervalState, Style]] = {
    "wanted": "warn", "on its way": "warn", "meter was off": "dim", "overwritten": "bad", "refused": "bad",
}  # fmt: skip
_REASONS: Final = {
    POWER_DOWN: "gaps.why.power_down",
    SET_FORWARD: "gaps.why.set_forward",
    UNEXPLAINED: "gaps.why.unexplained",
    CHANGED: "gaps.why.changed",
}
_HEADER: Final = (
    "gaps.column.meter", "gaps.column.profile", "gaps.column.every", "gaps.column.day", "gaps.column.week",
    "gaps.column.month", "gaps.column.missing", "gaps.column.gone", "gaps.column.until",
)  # fmt: skip
_GAPS_HEADER: Final = (
    "gaps.column.from", "gaps.column.to", "gaps.column.intervals", "gaps.column.what", "gaps.column.why",
    "gaps.column.until",
)  # fmt: skip
_SUMS: Final = {
    "unplaced": "gaps.sum.unplaced",
    "differs": "gaps.sum.differs",
    "live differs": "gaps.sum.live_differs",
    "unknown": "gaps.sum.unknown",
}


class Why(NamedTuple):
    """A stretch of a load profile that is not stored.

    Args:
        gap: when, and what is so.
        intervals: how many.
        until_ms: when the meter overwrites the first of them; None where nothing can be had, or nobody knows.
    """

    gap: Range
    intervals: int
    until_ms: int | None


def whys(line: Timeline) -> list[Why]:
    """Return what is not stored of a load profile, oldest first."""
    return [
        Why(part, count, line.had_until(part) if part.state in ("wanted", "on its way") else None)
        for part in line.ranges
        if part.state != "confirmed" and (count := line.history.intervals_in(part.start_ms, part.end_ms))
    ]


def history_plain(line: Timeline, gaps: Sequence[Why]) -> dict[str, Any]:
    """Return a load profile and its gaps as JSON has them."""
    history = line.history
    return {
        "obis": short_obis(history.logical_name),
        "epoch": history.epoch,
        "period_s": history.period_s,
        "since": utc_iso(history.begin_ms),
        "capacity": history.capacity or None,
        "gaps": [
            {
                "from": utc_iso(one.gap.start_ms), "to": utc_iso(one.gap.end_ms), "intervals": one.intervals,
                "state": one.gap.state, "reason": one.gap.reason, "until": utc_iso(one.until_ms),
            }
            for one in gaps
        ],
    }  # fmt: skip


class GapsShown:
    """Writes it.

    Args:
        terminal: where to.
        say: the catalogue.
        now_ms: the moment of which all is.
        everything: all meters and all gaps instead of those that lack most, and the newest.
        is_of_one: whether a meter was asked about by its name.
    """

    def __init__(self, terminal: Terminal, say: Catalogue, now_ms: int, *, everything: bool, is_of_one: bool) -> None:
        self._is_of_one = is_of_one
        self._terminal = terminal
        self._say = say
        self._now_ms = now_ms
        self._most = None if everything else _MOST

    def show(
        self,
        books: Sequence[MeterBook],
        without: Mapping[str, str],
        sums: Mapping[str, Sequence[tuple[str, RegisterDay, SumVerdict]]],
    ) -> None:
        """Show these meters.

        Args:
            books: of those that have a load profile.
            without: those of which none was read, and why.
            sums: the sum check by meter; of those that were asked about.
        """
        terminal, say = self._terminal, self._say
        if books:
            terminal.say((say("gaps.now", now=utc_text(self._now_ms - self._now_ms % 60_000)), "dim"))
            terminal.say()
            header, shown = [say(key) for key in _HEADER], self._shown(books)
            if shown:
                terminal.table(header, [self._line(book, line) for book in shown for line in book.timelines], indent=0)
            if len(shown) < len(books):
                terminal.say((say("gaps.folded", count=len(books) - len(shown)), "dim"))
            has_room = self._is_of_one or self._most is None or len(shown) <= _FEW
            for book in shown if has_room else ():
                for line in book.timelines:
                    self._gaps(book.meter, line)
                self._sum_check(sums.get(book.meter, ()))
        terminal.say()
        for name, why in without.items():
            terminal.say(terminal.sign("none"), " ", say("gaps.without", name=name, why=why))
        if not books and not without:
            terminal.say(terminal.sign("none"), " ", say("gaps.no_meters"))
        self._verdict(books)

    def _shown(self, books: Sequence[MeterBook]) -> Sequence[MeterBook]:
        """Return all meters where they fit on a page; else those that lack most."""
        if self._most is None or len(books) <= self._most:
            return books
        lacking = {book.meter: (book.missing, book.window("month").gone) for book in books}
        found = [book for book in books if any(lacking[book.meter])]
        return sorted(found, key=lambda book: lacking[book.meter], reverse=True)[: self._most]

    def _line(self, book: MeterBook, line: Timeline) -> list[Part]:
        now_ms, history = self._now_ms, line.history
        shares: list[Part] = [_share(line.counts(now_ms - span_ms, now_ms).ratio) for span_ms in WINDOWS.values()]
        counts = line.counts(0, now_ms)
        untils = [until for gap in line.missing() if (until := line.had_until(gap)) is not None]
        return [
            book.meter,
            _profile(line),
            duration_text(history.period_s).removesuffix(" 0 s").removesuffix(" 0 min"),
            *shares,
            (str(counts.missing), "warn") if counts.missing else "0",
            (str(counts.gone), "bad") if counts.gone else "0",
            utc_text(min(untils, default=None)),
        ]

    def _gaps(self, meter: str, line: Timeline) -> None:
        terminal, say = self._terminal, self._say
        gaps = whys(line)
        if not gaps:
            return
        shown = gaps if self._most is None else gaps[-self._most :]
        terminal.say()
        header = [say(key) for key in _GAPS_HEADER]
        rows: list[list[Part]] = [
            [
                utc_text(one.gap.start_ms),
                utc_text(one.gap.end_ms),
                str(one.intervals),
                (say(_STATES[one.gap.state]), _STYLES[one.gap.state]),
                self._why(one.gap),
                utc_text(one.until_ms),
            ]
            for one in shown
        ]
        terminal.table(header, rows, title=f"{meter}  {_profile(line)}")
        if len(shown) < len(gaps):
            terminal.say("  ", (say("gaps.more", count=len(gaps) - len(shown)), "dim"))

    def _why(self, gap: Range) -> str:
        """Return the reason; in the technician's language where it is one of the ledger's own."""
        key = _REASONS.get(gap.reason)
        if gap.state == "overwritten" and gap.reason == TOO_OLD:
            return ""  # said already
        return gap.reason if key is None else self._say(key)

    def _sum_check(self, sums: Sequence[tuple[str, RegisterDay, SumVerdict]]) -> None:
        terminal, say = self._terminal, self._say
        known = [verdict for _, _, verdict in sums if verdict.word != "unknown"]
        if not known:
            return
        terminal.say()
        equal = sum(verdict.word == "equal" for verdict in known)
        terminal.say((say("gaps.sums", equal=equal, count=len(known)), "bold"))
        hidden = ("equal",) if self._most is None else ("equal", "unknown")
        unequal = [(day, verdict) for _, day, verdict in sums if verdict.word not in hidden]
        for day, verdict in unequal if self._most is None else unequal[-self._most :]:
            by, style = f"{verdict.by:+g} {day.unit}".rstrip(), verdict.word == "unknown"
            said = say(_SUMS[verdict.word], by=by, missing=day.missing)
            terminal.say("  ", utc_text(day.day_ms)[:10], f"  {day.key}: ", (said, "dim" if style else "warn"))

    def _verdict(self, books: Sequence[MeterBook]) -> None:
        terminal, say = self._terminal, self._say
        missing = sum(book.missing for book in books)
        gone = sum(book.window("month").gone for book in books)
        if missing:
            terminal.say(terminal.sign("warn"), " ", say("gaps.missing", count=missing))
        if gone:
            terminal.say(terminal.sign("bad"), " ", say("gaps.gone", count=gone))
        if books and not missing and not gone:
            terminal.say(terminal.sign("good"), " ", say("gaps.none"))


def _profile(line: Timeline) -> str:
    name, epoch = short_obis(line.history.logical_name), line.history.epoch
    return name if epoch == 1 else f"{name} #{epoch}"


def _share(ratio: float | None) -> Part:
    if ratio is None:
        return "-"
    text = f"{int(1000 * ratio) / 10:.1f} %"  # never rounded up to 100
    return text if ratio == 1 else (text, "warn")
