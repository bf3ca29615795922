"""``bridge status``: asks the running bridge how it is and shows that to a person. Judges nothing itself."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG
from bridge.cli.running_bridge import LOOPBACK, RunningBridge
from bridge.cli.status.status_page import show_status
from bridge.cli.status.upstream_reason import UpstreamReason
from bridge.cli.terminal import Terminal
from bridge.cli.watch import watch as watch_it

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_ANSWER = 2
_WATCH_EVERY_S = 2.0


def status(
    port: int,
    out: TextIO,
    *,
    host: str = LOOPBACK,
    environ: Mapping[str, str] | None = None,
    as_json: bool = False,
    watch: bool = False,
    every: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Ask the bridge on this machine and write its status report to ``out``.

    Args:
        port: TCP port of its health server.
        out: where to write.
        host: where that is.
        environ: what language and colours are taken from.
        as_json: the report as JSON instead of as a page.
        watch: again every two seconds, until interrupted.
        every: every meter in a row of its own, however many there are.
        sleep: waits between two reports.

    Returns:
        The exit code, of the last report: 0 all well, 1 something is wrong, 2 the bridge does not answer.
    """
    environ = environ or {}
    terminal, say = Terminal(out, environ), Catalogue.of(environ)
    reason = UpstreamReason(environ, say)

    def look() -> int:
        try:
            report = RunningBridge(port, host).status()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error or type(error).__name__
            said = say("status.no_answer", port=port, why=why)
            if as_json:
                terminal.say(json.dumps({"error": said}))
            else:
                terminal.wrap([terminal.sign("bad"), " "], said)
            return NO_ANSWER
        if as_json:
            terminal.say(json.dumps(report))
        else:
            show_status(report, terminal, say, every=every, why=reason.of(report))
        return SOMETHING_WRONG if report["wrong"] else ALL_WELL

    return watch_it(look, terminal, every_s=_WATCH_EVERY_S, sleep=sleep) if watch else look()
