"""``bridge status``: asks the running bridge how it is and shows that to a person. Judges nothing itself."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.duration import duration_text
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG
from bridge.cli.running_bridge import LOOPBACK, RunningBridge
from bridge.cli.terminal import Part, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NO_ANSWER = 2
_WATCH_EVERY_S = 2.0
_STATES: Final = {
    "starting": "status.state.starting",
    "reading": "status.state.reading",
    "late": "status.state.late",
    "failing": "status.state.failing",
    "left alone": "status.state.left_alone",
}
_CLOCK: Final = {
    "trusted": "status.clock.trusted",
    "kept": "status.clock.kept",
    "estimated": "status.clock.estimated",
    "waiting": "status.clock.waiting",
}
_UPSTREAM: Final = {"up": "status.up", "down": "status.down", "none": "status.no_upstream"}


def status(
    port: int,
    out: TextIO,
    *,
    host: str = LOOPBACK,
    environ: Mapping[str, str] | None = None,
    as_json: bool = False,
    watch: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Ask the bridge on this machine and write its status report to ``out``.

    Args:
        port: TCP port of its health server.
        out: where to write.
        host: where that is.
        environ: what language and colours are taken from.
        as_json: the report as JSON instead of as a table.
        watch: again every two seconds, until interrupted.
        sleep: waits between two reports.

    Returns:
        The exit code, of the last report: 0 all well, 1 something is wrong, 2 the bridge does not answer.
    """
    environ = environ or {}
    terminal, say = Terminal(out, environ), Catalogue.of(environ)
    code = NO_ANSWER
    try:
        while True:
            try:
                report = RunningBridge(port, host).status()
            except (OSError, ValueError) as error:
                code, report = NO_ANSWER, {}
                said = say(
                    "status.no_answer", port=port, why=getattr(error, "strerror", None) or error or type(error).__name__
                )
            if watch and not as_json:
                terminal.clear()
            if not report:
                terminal.say(said)
            else:
                code = SOMETHING_WRONG if report["wrong"] else ALL_WELL
                if as_json:
                    terminal.say(json.dumps(report))
                else:
                    _show(report, terminal, say)
            if not watch:
                return code
            sleep(_WATCH_EVERY_S)
    except KeyboardInterrupt:
        return code


def _show(report: dict[str, Any], terminal: Terminal, say: Catalogue) -> None:
    terminal.say(f"dlms-bridge {report['version']}, ", say("status.up_for", span=duration_text(report["uptime_s"])))
    terminal.say()
    header = (
        say("status.meter"), say("status.state"), say("status.last_value"), "5 min", "1 h", say("status.reconnects"),
        say("status.last_error"), say("status.next_attempt"),
    )  # fmt: skip
    terminal.table(header, [_row(meter, say) for meter in report["meters"]], indent=0)
    for meter in report["meters"]:
        for key, value in meter["shared"].items():
            terminal.say("  ", say("status.shared_attribute", meter=meter["name"], key=key, value=value))
    terminal.say()
    terminal.table((say("status.way"), ""), [*_delivery(report["delivery"], say), *_clock(report, say)], indent=0)
    terminal.say()
    if report["wrong"]:
        terminal.say((say("status.wrong"), "bad"))
        for wrong in report["wrong"]:
            terminal.say("  ", wrong["said"])
    else:
        terminal.say((say("status.all_well"), "good"))


def _row(meter: dict[str, Any], say: Catalogue) -> tuple[Part, ...]:
    error = "-"
    if meter["last_error_stage"]:
        error = f"{meter['last_error_stage']}, {say('status.ago', span=duration_text(meter['last_error_ago_s']))}"
    state = say(_STATES[meter["state"]])
    if meter["failing_for_s"] is not None:
        state = say("status.state_for", state=state, span=duration_text(meter["failing_for_s"]))
    last, following = meter["last_value_ago_s"], meter["next_attempt_in_s"]
    return (
        f"{meter['name']} ({meter['device']})" if meter["device"] else meter["name"],
        state if meter["state"] in ("reading", "starting") else (state, "bad"),
        say("status.none_yet") if last is None else say("status.ago", span=duration_text(last)),
        _share(meter["success_5min"]),
        _share(meter["success_1h"]),
        str(meter["reconnects"]),
        error,
        "-" if following is None else say("status.in", span=duration_text(following)),
    )


def _delivery(to: dict[str, Any], say: Catalogue) -> Iterator[tuple[Part, Part]]:
    yield say("status.broker"), say(_UPSTREAM[to["broker"]])
    why = f": {to['upstream_why']}" if to["upstream_why"] else ""
    shared = f", {say('status.shared')}" if to["token_shared"] else ""
    way = f"ThingsBoard, {to['way']}: " if to["way"] else ""
    yield say("status.upstream"), way + say(_UPSTREAM[to["upstream"]]) + why + shared
    confirmed_s = to["last_confirmed_ago_s"]
    confirmed = say("status.nothing_yet") if confirmed_s is None else say("status.ago", span=duration_text(confirmed_s))
    yield say("status.confirmed"), confirmed
    unstored = "" if not to["unstored_samples"] else say("status.unstored", count=to["unstored_samples"])
    marks = "" if to["marks"] in ("none", "moving", "not used") else f", {to['marks']}"
    yield say("status.proof"), to["confirm"] + marks + unstored
    waiting = say("status.nothing")
    if to["waiting_samples"]:
        waiting = say("status.waiting_samples", count=to["waiting_samples"], span=duration_text(to["oldest_waiting_s"]))
        waiting += "" if not to["drain_s"] else say("status.gone_in", span=duration_text(to["drain_s"]))
        standing_s = to["standing_s"]
        waiting += "" if standing_s is None else say("status.standing", span=duration_text(standing_s))
    yield say("status.waiting"), waiting
    for parked in to["parked"]:
        again_s = parked["next_try_in_s"]
        again = "" if again_s is None else say("status.parked_again", span=duration_text(again_s))
        values = {"device": parked["device"], "reason": parked["reason"], "span": duration_text(parked["for_s"])}
        yield say("status.parked"), say("status.parked_device", **values) + again
    for destination, count in to["foreign_samples"].items():
        yield say("status.foreign"), say("status.foreign_samples", destination=destination, count=count)
    yield say("status.outbox"), say("status.of", used=f"{to['bytes'] / 1e6:.1f}", limit=f"{to['limit_bytes'] / 1e6:g}")
    free = to["disk_free_bytes"]
    disk = say("status.unknown") if free is None else say("status.free", free=f"{free / 1e6:.0f}")
    if to["unwritable_for_s"] is not None:
        disk += say("status.unwritable", span=duration_text(to["unwritable_for_s"]))
    if to["unreadable_for_s"] is not None:
        disk += say("status.unreadable", span=duration_text(to["unreadable_for_s"]))
    yield say("status.disk"), disk
    values = {"lost": to["lost_samples"], "lately": to["lost_last_hour"], "aside": to["set_aside_samples"]}
    yield say("status.lost"), say("status.lost_samples", **values)
    if to["damaged_files"]:
        size = f"{to['damaged_bytes'] / 1e6:.1f}"
        yield say("status.damaged"), say("status.damaged_files", count=to["damaged_files"], size=size)


def _clock(report: dict[str, Any], say: Catalogue) -> Iterator[tuple[Part, Part]]:
    clock = report.get("clock")
    if clock is None:
        return
    said = say(_CLOCK[clock["condition"]], off=f"{clock['wall_off_s']:+.0f}", count=clock["undated_samples"])
    yield say("status.clock"), said if clock["condition"] == "trusted" else (said, "bad")


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
