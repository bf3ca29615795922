"""``bridge backfill METER --from … --to …``: has the running bridge read a time again, and shows how far it is.

The order goes into the ledger's file; the bridge takes it up within a second, or when it starts. This waits until
every interval of that time is stored, or known not to be had. Who leaves before (Ctrl-C, ``--no-wait``) takes nothing
back.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.cli.backfill.order_progress import OrderProgress, reaches_back_to
from bridge.cli.catalogue import Catalogue
from bridge.cli.ledger_file import CommandLedger, Unanswerable, past_time, time_given, utc_iso, utc_text
from bridge.cli.parsers import ALL_WELL, INTERRUPTED, SOMETHING_WRONG, UNUSABLE
from bridge.cli.running_bridge import find_bridge, health_address
from bridge.cli.terminal import Terminal
from bridge.clock.machine import wall_s
from bridge.dlms.obis_names import logical_name, short_obis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from bridge.cli.backfill.order_progress import Standing
    from bridge.ledger.history import History
    from bridge.ledger.store import LedgerStore

_LOOK_EVERY_S = 1.0
_RUNNING_EVERY_S = 10.0
_TAKEN_UP_S = 2.0
_COUNTS: Final = {
    "had": "backfill.had",
    "off": "backfill.off",
    "missing": "backfill.left",
    "overwritten": "backfill.overwritten",
    "refused": "backfill.refused",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be read again.

    Args:
        meter: whose.
        profile: logical name; None for all of its load profiles and event logs.
        start_ms: from when.
        end_ms: until when.
    """

    meter: str
    profile: str | None
    start_ms: int
    end_ms: int


class BackfillCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
        as_json: one JSON document at the end instead of lines.
        clock_s: the time, Unix seconds.
        sleep: waits between two looks.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        out: TextIO,
        *,
        as_json: bool = False,
        clock_s: Callable[[], float] = wall_s,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = environ
        self._say = say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._ledger = CommandLedger(environ, say)
        self._as_json = as_json
        self._clock_s = clock_s
        self._sleep = sleep

    def run(self, meter: str, start: str, end: str, *, profile: str = "", waits: bool = True) -> int:
        """Order it, wait, and return the exit code.

        Args:
            meter: whose.
            start: from when, as typed.
            end: until when, as typed; empty for now.
            profile: OBIS code of one load profile; empty for all.
            waits: whether to wait until it is done.

        Returns:
            0 all is stored, or ordered; 1 something cannot be had; 2 nothing was ordered.
        """
        say, terminal = self._say, self._terminal
        try:
            with self._ledger.opened(read_only=False) as store:
                wanted, histories = self._wanted(store, meter, start, end, profile)
                order = store.order(wanted.meter, wanted.profile, wanted.start_ms, wanted.end_ms, "backfill")
                self._tell(wanted, histories)
                progress = OrderProgress(store, order, histories, wanted.start_ms, wanted.end_ms)
                if not waits:
                    self._note(say("backfill.ordered", name=wanted.meter))
                    return self._end(wanted, progress.look())
                try:
                    return self._end(wanted, self._wait(wanted, progress))
                except KeyboardInterrupt:
                    self._note(say("backfill.left_alone", name=wanted.meter))
                    return INTERRUPTED
        except Unanswerable as error:
            if self._as_json:
                terminal.say(json.dumps({"error": str(error)}))
            else:
                terminal.say(terminal.sign("bad"), " ", str(error))
            return UNUSABLE

    def _wanted(
        self, store: LedgerStore, given: str, start: str, end: str, profile: str
    ) -> tuple[_Wanted, list[History]]:
        """Return what is asked for, and which histories that is.

        Raises:
            Unanswerable: it makes no sense.
        """
        say, now_ms = self._say, int(self._clock_s() * 1000)
        meter = self._ledger.meter(store, given)
        start_ms = past_time("--from", start, now_ms, say)
        end_ms = time_given("--to", end, now_ms, say) if end else now_ms
        if start_ms >= end_ms:
            raise Unanswerable(say("backfill.backwards", start=utc_text(start_ms), end=utc_text(end_ms)))
        histories = store.histories(meter)
        if not histories:
            raise Unanswerable(say("backfill.nothing", name=meter, why=self._ledger.why_without(meter)))
        name = None
        if profile:
            try:
                name = logical_name(profile)
            except ValueError as error:
                raise Unanswerable(f"--profile {profile}: {error}") from None
            known = ", ".join(short_obis(one.logical_name) for one in histories)
            histories = [one for one in histories if one.logical_name == name]
            if not histories:
                raise Unanswerable(say("backfill.no_profile", name=meter, code=profile, known=known))
        return _Wanted(meter, name, start_ms, min(end_ms, now_ms)), histories

    def _tell(self, wanted: _Wanted, histories: list[History]) -> None:
        say, span = self._say, (utc_text(wanted.start_ms), utc_text(wanted.end_ms))
        what = ", ".join(short_obis(one.logical_name) for one in histories)
        self._note(say("backfill.what", name=wanted.meter, what=what, start=span[0], end=span[1]))
        for one in histories:
            since_ms = reaches_back_to(one, wanted.start_ms)
            if since_ms > wanted.start_ms + one.period_ms:
                key = "backfill.older" if one.epoch == 1 else "backfill.changed"
                self._note(say(key, what=short_obis(one.logical_name), since=utc_text(since_ms)))

    def _wait(self, wanted: _Wanted, progress: OrderProgress) -> Standing:
        began_s, ask_s, done, is_down = time.monotonic(), _TAKEN_UP_S, 0, False
        with self._terminal.progress(progress.total, lines=not self._as_json) as shown:
            while not (standing := progress.look()).is_done:
                after_s = time.monotonic() - began_s
                if not standing.is_taken_up and after_s >= ask_s:
                    was_down, is_down, ask_s = is_down, self._is_down(), after_s + _RUNNING_EVERY_S
                    if is_down and not was_down:
                        self._note(self._say("backfill.down"))
                now_done = standing.done if standing.is_taken_up else 0
                shown.step(self._doing(wanted, standing, after_s, is_down=is_down), by=max(0, now_done - done))
                done = max(done, now_done)
                self._sleep(_LOOK_EVERY_S)
        return standing

    def _doing(self, wanted: _Wanted, standing: Standing, after_s: float, *, is_down: bool) -> str:
        say = self._say
        if standing.is_taken_up:
            return (
                say("backfill.on_its_way", count=standing.on_its_way)
                if standing.on_its_way
                else say("backfill.reading")
            )
        if is_down:
            return say("backfill.waits")
        return say("backfill.soon") if after_s < _RUNNING_EVERY_S else say("backfill.not_taken", name=wanted.meter)

    def _is_down(self) -> bool:
        host, port = health_address(self._environ)
        return find_bridge(port, host) is None

    def _end(self, wanted: _Wanted, standing: Standing) -> int:
        say, terminal = self._say, self._terminal
        counts = {
            "had": standing.had, "off": standing.off, "missing": standing.missing,
            "overwritten": standing.overwritten, "refused": standing.refused,
        }  # fmt: skip
        is_well = not standing.overwritten and not standing.refused
        if self._as_json:
            span = {"from": utc_iso(wanted.start_ms), "to": utc_iso(wanted.end_ms)}
            told = {"meter": wanted.meter, **span, "done": standing.is_done, "intervals": counts}
            terminal.say(json.dumps({**told, "reasons": list(standing.reasons)}))
        elif standing.is_done:
            parts = [say(_COUNTS[name], count=count) for name, count in counts.items() if count]
            terminal.say(terminal.sign("good" if is_well else "bad"), " ", ", ".join(parts) or say("backfill.done"))
            for reason in standing.reasons:
                terminal.say("    ", (reason, "dim"))
        return ALL_WELL if is_well else SOMETHING_WRONG

    def _note(self, text: str) -> None:
        if not self._as_json:
            self._terminal.say(text)
