"""``bridge status``: asks the running bridge how it is and shows that to a person. Judges nothing itself."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ALL_WELL, SOMETHING_WRONG, NO_ANSWER = 0, 1, 2
_PATIENCE_S = 10.0
_WATCH_EVERY_S = 2.0
_CLEAR = "\x1b[H\x1b[2J"
_COLUMNS = ("meter", "state", "last value", "5 min", "1 h", "reconnects", "last error", "next attempt")


def status(
    port: int,
    out: TextIO,
    *,
    as_json: bool = False,
    watch: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Ask the bridge on this machine and write its status report to ``out``.

    Args:
        port: TCP port of its health server.
        out: where to write.
        as_json: the report as JSON instead of as a table.
        watch: again every two seconds, until interrupted.
        sleep: waits between two reports.

    Returns:
        The exit code, of the last report: 0 all well, 1 something is wrong, 2 the bridge does not answer.
    """
    code = NO_ANSWER
    try:
        while True:
            report = _ask(port)
            if watch and not as_json and out.isatty():
                out.write(_CLEAR)
            if isinstance(report, str):
                code, text = NO_ANSWER, f"no bridge answers on port {port}: {report}"
            else:
                code = SOMETHING_WRONG if report["wrong"] else ALL_WELL
                text = json.dumps(report) if as_json else "\n".join(_lines(report))
            encoding = out.encoding or "utf-8"
            out.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            out.flush()
            if not watch:
                return code
            sleep(_WATCH_EVERY_S)
    except KeyboardInterrupt:
        return code


def _ask(port: int) -> dict[str, Any] | str:
    """Return the report, or why there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/status")
        report: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return report


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"dlms-bridge {report['version']}, up {_span(report['uptime_s'])}"
    yield ""
    yield from _table(_COLUMNS, [_row(meter) for meter in report["meters"]])
    yield ""
    yield from _table(("on the way to ThingsBoard", ""), list(_delivery(report["delivery"])))
    yield ""
    if report["wrong"]:
        yield "wrong"
        yield from (f"  {said}" for said in report["wrong"])
    else:
        yield "all well"


def _row(meter: dict[str, Any]) -> tuple[str, ...]:
    error = "-"
    if meter["last_error_stage"]:
        error = f"{meter['last_error_stage']}, {_span(meter['last_error_ago_s'])} ago"
    state = meter["state"]
    if meter["failing_for_s"] is not None:
        state = f"{state} for {_span(meter['failing_for_s'])}"
    return (
        meter["name"],
        state,
        "none yet" if meter["last_value_ago_s"] is None else f"{_span(meter['last_value_ago_s'])} ago",
        _share(meter["success_5min"]),
        _share(meter["success_1h"]),
        str(meter["reconnects"]),
        error,
        "-" if meter["next_attempt_in_s"] is None else f"in {_span(meter['next_attempt_in_s'])}",
    )


def _delivery(to: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "broker", to["broker"]
    yield "upstream", f"{to['upstream']}{', something else uses the same token' if to['token_shared'] else ''}"
    confirmed_s = to["last_confirmed_ago_s"]
    yield "last confirmed", "nothing yet" if confirmed_s is None else f"{_span(confirmed_s)} ago"
    drain = "" if not to["drain_s"] else f", gone in {_span(to['drain_s'])}"
    waiting = f"{to['waiting_samples']} samples, the oldest for {_span(to['oldest_waiting_s'])}{drain}"
    yield "waiting", waiting if to["waiting_samples"] else "nothing"
    yield "outbox", f"{to['bytes'] / 1e6:.1f} of {to['limit_bytes'] / 1e6:g} MB"
    free = to["disk_free_bytes"]
    disk = "unknown" if free is None else f"{free / 1e6:.0f} MB free"
    if to["disk_failing_for_s"] is not None:
        disk += f", cannot be written for {_span(to['disk_failing_for_s'])}"
    yield "disk", disk
    yield "lost", f"{to['lost_samples']} samples; {to['set_aside_samples']} set aside"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _span(seconds: float) -> str:
    """Return a duration as people say it, to its two largest units."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest_s = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
