"""The doctor on the bridge itself: does one run, what does it say of itself, and how old is what last arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.commissioning.finding import Finding, bad, good, left_out, warn
from bridge.commissioning.span import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.commissioning.doctor_disk import Outbox

_FRESH_S = 60.0
_INTERVALS = 3


def bridge(report: Mapping[str, Any] | None, outbox: Outbox) -> Iterator[Finding]:
    """Yield whether the bridge runs and what it complains of that nobody else looks at.

    Args:
        report: its status report; None when none answers.
        outbox: what the outbox's file tells: one that was used before had a bridge.
    """
    if report is None:
        if outbox.state == "held":
            yield bad("doctor.bridge.mute", "doctor.bridge.mute.fix", "config")
        elif outbox.state == "absent":
            yield left_out("doctor.bridge.never", "doctor.bridge.start")
        else:
            yield bad("doctor.bridge.down", "doctor.bridge.start", "config")
        return
    if report["version"] != __version__:
        yield warn("doctor.bridge.version", "doctor.bridge.version.fix", running=report["version"], here=__version__)
    hung = [said for said in report["wrong"] if said.startswith("bridge: ")]
    if hung:
        yield bad("doctor.bridge.hangs", "doctor.bridge.hangs.fix", "config", hung[0])
    else:
        yield good("doctor.bridge.up", version=report["version"], up=span(report["uptime_s"]))
    failing_s = report["delivery"]["disk_failing_for_s"]
    if failing_s is not None:
        yield bad("doctor.disk.failing", "doctor.disk.failing.fix", "disk", span=span(failing_s))


def samples(report: Mapping[str, Any] | None, outbox: Outbox, now_s: float, slowest_s: float) -> Iterator[Finding]:
    """Yield how old the last confirmed sample is, and what waits.

    Args:
        report: the running bridge's; None when none runs.
        outbox: what the file tells when it is free.
        now_s: Unix seconds.
        slowest_s: the longest interval of a meter.
    """
    if report is None:
        yield from _on_disk(outbox, now_s)
        return
    to = report["delivery"]
    ago_s, waiting = to["last_confirmed_ago_s"], to["waiting_samples"]
    values: dict[str, Any] = {"ago": span(ago_s or 0.0), "waiting": waiting, "oldest": span(to["oldest_waiting_s"])}
    limit_s = _INTERVALS * slowest_s + _FRESH_S
    if ago_s is None and report["uptime_s"] < limit_s:
        yield left_out("doctor.samples.none_yet", up=span(report["uptime_s"]))
    elif ago_s is None:
        yield bad("doctor.samples.never", "doctor.samples.fix", "upstream", up=span(report["uptime_s"]), **values)
    elif ago_s > limit_s:
        yield bad("doctor.samples.stale", "doctor.samples.fix", "upstream", **values)
    else:
        yield good("doctor.samples.fresh", **values)
    if to["lost_samples"]:
        yield warn("doctor.samples.lost", "doctor.samples.lost.fix", "disk", lost=to["lost_samples"])
    if to["set_aside_samples"]:
        yield warn(
            "doctor.samples.set_aside", "doctor.samples.set_aside.fix", "upstream", count=to["set_aside_samples"]
        )


def _on_disk(outbox: Outbox, now_s: float) -> Iterator[Finding]:
    if outbox.newest_s is None:
        yield left_out("doctor.samples.nothing_waits")
        return
    ago_s = max(0.0, now_s - outbox.newest_s)
    values: dict[str, Any] = {"waiting": outbox.waiting, "ago": span(ago_s)}
    if ago_s > _FRESH_S:
        yield bad("doctor.samples.old_on_disk", "doctor.samples.old_on_disk.fix", "disk", **values)
    else:
        yield good("doctor.samples.on_disk", **values)


def host(*, contained: bool) -> Iterator[Finding]:
    """Yield what only the host can tell: whether everything comes back after a power cut."""
    yield left_out("doctor.host.contained" if contained else "doctor.host.bare", "doctor.host.fix")
