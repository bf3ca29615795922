"""``bridge events``: what the meters' own event logs say, as the ledger has it. Asks no meter and changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bridge.cli.catalogue import Catalogue
from bridge.cli.events.words_in_spanish import IN_SPANISH, LOGS_IN_SPANISH
from bridge.cli.ledger_file import CommandLedger, Unanswerable, past_time, utc_iso, utc_text
from bridge.cli.parsers import ALL_WELL, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.clock.machine import wall_s
from bridge.dlms.event_codes import EVENT_CODES, event_log_name, event_words
from bridge.dlms.obis_names import short_obis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from bridge.cli.terminal import Part
    from bridge.ledger.history import HistoryEvent
    from bridge.ledger.store import LedgerStore

_SENT: Final = {
    "wanted": "events.wanted",
    "on its way": "events.on_its_way",
    "confirmed": "events.confirmed",
    "refused": "events.refused",
}


class EventsCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
        as_json: one JSON document instead of a table.
        clock_s: the time, Unix seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        out: TextIO,
        *,
        as_json: bool = False,
        clock_s: Callable[[], float] = wall_s,
    ) -> None:
        self._say = say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._ledger = CommandLedger(environ, say)
        self._as_json = as_json
        self._now_ms = int(clock_s() * 1000)

    def run(self, meter: str, since: str, limit: int) -> int:
        """Show them and return the exit code: 0 shown, if only that there are none; 2 it cannot be told."""
        terminal = self._terminal
        try:
            since_ms = past_time("--since", since, self._now_ms, self._say) if since else 0
            with self._ledger.opened() as store:
                self._show(store, meter, since_ms, max(limit, 1))
        except Unanswerable as error:
            if self._as_json:
                terminal.say(json.dumps({"error": str(error)}))
            else:
                terminal.say(terminal.sign("bad"), " ", str(error))
            return UNUSABLE
        return ALL_WELL

    def _show(self, store: LedgerStore, given: str, since_ms: int, limit: int) -> None:
        asked = self._ledger.meter(store, given) if given else None
        whose = {one.id: one.meter for one in store.all_epochs()}
        found = store.events(asked, since_ms, limit + 1)
        events, is_cut = found[-limit:], len(found) > limit
        if self._as_json:
            self._terminal.say(json.dumps([_plain(one, whose[one.history_id]) for one in events]))
            return
        terminal, say = self._terminal, self._say
        if not events:
            logs = [one for one in store.histories(asked) if one.kind == "events"]
            name = asked or say("events.any")
            if logs:
                terminal.say(terminal.sign("none"), " ", say("events.none", name=name))
            else:
                why = self._ledger.why_without(asked or "")
                terminal.say(terminal.sign("none"), " ", say("events.no_log", name=name, why=why))
            return
        terminal.say((say("events.utc", now=utc_text(self._now_ms - self._now_ms % 60_000)), "dim"))
        header = [say("events.column.time"), say("events.column.meter"), say("events.column.log")]
        header += [say("events.column.code"), say("events.column.event"), ""]
        terminal.table(header, [self._row(one, whose[one.history_id]) for one in events], indent=0)
        if is_cut:
            terminal.say((say("events.cut", limit=limit), "dim"))

    def _row(self, event: HistoryEvent, meter: str) -> list[Part]:
        sent: Part = "" if event.state == "confirmed" else (self._say(_SENT[event.state]), "warn")
        words, log = event.words or event_words(event.code), event_log_name(event.log)
        if self._say.language == "es":
            # The maker's own words are the profile's; they stay as they were written there.
            words = IN_SPANISH.get(event.code, words) if words == EVENT_CODES.get(event.code) else words
            log = LOGS_IN_SPANISH.get(log, log)
        return [_time(event.ts_ms), meter, log, str(event.code), words, sent]


def _plain(event: HistoryEvent, meter: str) -> dict[str, object]:
    return {
        "time": utc_iso(event.ts_ms), "meter": meter, "log": event_log_name(event.log), "obis": short_obis(event.log),
        "code": event.code, "event": event.words or event_words(event.code), "state": event.state,
    }  # fmt: skip


def _time(ts_ms: int) -> str:
    text = utc_text(ts_ms)
    return text if len(text) > len("2026-11-23 06:15") else f"{text}:00"
