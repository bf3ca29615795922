"""The findings of an audit, as a table with the very intervals below it, and as JSON. Times are UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.cli.ledger_file import utc_iso, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Part, Terminal
    from bridge.thingsboard.audit import AuditedMeter, AuditFindings
    from bridge.thingsboard.expected import MissingValues

_STAMPS_SHOWN = 12
_SOURCES = {"intervals": "audit.intervals", "events": "audit.events", "samples": "audit.samples"}


class AuditShown:
    """Writes them.

    Args:
        terminal: where to.
        say: the catalogue.
    """

    def __init__(self, terminal: Terminal, say: Catalogue) -> None:
        self._terminal = terminal
        self._say = say

    def show(self, findings: AuditFindings, *, live_since_ms: int) -> None:
        """Write the table, what is missing, and what it comes to."""
        say, terminal = self._say, self._terminal
        header = ("", say("audit.meter"), say("audit.device"), say("audit.values"), say("audit.missing"), "")
        terminal.table(header, [self._row(meter) for meter in findings.meters], indent=0)
        for meter in findings.meters:
            if meter.missing:
                terminal.say()
                terminal.say((say("audit.lacks", device=meter.device), "bold"))
                for missing in meter.missing:
                    terminal.say("  ", *self._missing(missing))
            if meter.unnamed:
                terminal.say("  ", (say("audit.unnamed", device=meter.device, count=meter.unnamed), "warn"))
        terminal.say()
        live = live_since_ms < findings.until_ms
        said = "audit.live" if live else "audit.no_live"
        since = utc_text(live_since_ms - live_since_ms % 60_000)
        terminal.say((say("audit.span", since=utc_text(findings.since_ms)), "dim"))
        terminal.say((say(said, since=since), "dim"))
        if findings.missing_values:
            said = "audit.lacking_one" if findings.missing_values == 1 else "audit.lacking"
            count, of = findings.missing_values, findings.values
            terminal.say(terminal.sign("bad"), " ", (say(said, count=count, of=of), "bad"))
        elif findings.values:
            terminal.say(terminal.sign("good"), " ", (say("audit.all", count=findings.values), "good"))
        else:
            terminal.say(terminal.sign("warn"), " ", (say("audit.nothing"), "warn"))

    def say_ordered(self, ordered: int, missing: int) -> None:
        """Say how much is sent again, and what is not."""
        say, terminal = self._say, self._terminal
        sign = terminal.sign("good" if ordered == missing else "warn")
        terminal.say(sign, " ", say("audit.ordered", count=ordered))
        if ordered < missing:
            terminal.say("  ", (say("audit.not_ordered", count=missing - ordered), "warn"))

    def _row(self, meter: AuditedMeter) -> tuple[Part, ...]:
        good = not meter.missing_values
        sign = self._terminal.sign("good" if good and meter.values else "none" if good else "bad")
        remark = "" if meter.is_there else self._say("audit.no_device")
        if not meter.values:
            remark = self._say("audit.nothing_expected")
        missing: Part = "0" if good else (str(meter.missing_values), "bad")
        return sign, meter.meter, meter.device, str(meter.values), missing, remark

    def _missing(self, missing: MissingValues) -> Iterator[Part]:
        expected = missing.expected
        day = utc_text(expected.start_ms)[:10]
        yield f"{expected.key}  {day}  "
        yield self._say("audit.count_of_day", there=missing.there, expected=expected.count)
        stamps = missing.stamps[:_STAMPS_SHOWN]
        more = len(missing.stamps) - len(stamps)
        yield ": " + ", ".join(utc_text(stamp)[11:] for stamp in stamps)
        if more:
            yield self._say("audit.more", count=more)
        yield "  ", "dim"
        yield self._say(_SOURCES[expected.source]), "dim"


def plain(findings: AuditFindings) -> dict[str, Any]:
    """Return the findings as JSON has them."""
    return {
        "since": utc_iso(findings.since_ms),
        "until": utc_iso(findings.until_ms),
        "values": findings.values,
        "missing_values": findings.missing_values,
        "meters": [
            {
                "meter": meter.meter,
                "device": meter.device,
                "device_exists": meter.is_there,
                "values": meter.values,
                "missing_values": meter.missing_values,
                "missing": list(_plain(meter.missing)),
            }
            for meter in findings.meters
        ],
    }


def _plain(missing: Iterable[MissingValues]) -> Iterator[dict[str, Any]]:
    for one in missing:
        expected = one.expected
        yield {
            "key": expected.key,
            "source": expected.source,
            "from": utc_iso(expected.start_ms),
            "to": utc_iso(expected.end_ms),
            "expected": expected.count,
            "there": one.there,
            "times": [utc_iso(stamp) for stamp in one.stamps],
        }
