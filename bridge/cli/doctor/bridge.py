"""The doctor on the bridge itself: is one running, and what does it report?

Judges nothing that the bridge judges: what is wrong in a bridge that runs, ``bridge/health/wellness.py`` has said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge import __version__
from bridge.cli.doctor.finding import Finding, bad, good, left_out, warn
from bridge.cli.duration import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.cli.doctor.disk import OutboxFile
    from bridge.health.wrong import What

_FRESH_S = 60.0
_OF_SAMPLES: Final[dict[What, tuple[str, str, str]]] = {
    "parked": ("doctor.samples.parked", "doctor.samples.parked.fix", "upstream"),
    "foreign": ("doctor.samples.foreign", "doctor.samples.foreign.fix", "config"),
    "outbox": ("doctor.samples.outbox", "doctor.samples.outbox.fix", "disk"),
    "lost": ("doctor.samples.lost", "doctor.samples.lost.fix", "disk"),
    "intervals": ("doctor.samples.intervals", "doctor.samples.intervals.fix", "outbox"),
}
"""What the bridge says is wrong with samples: the finding, its remedy, the stage."""


def bridge(report: Mapping[str, Any] | None, outbox: OutboxFile) -> Iterator[Finding]:
    """Yield whether the bridge runs and what it says of its own process and disk.

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
    if hung := complaints(report, "bridge"):
        yield bad("doctor.bridge.hangs", "doctor.bridge.hangs.fix", "config", hung[0])
    else:
        yield good("doctor.bridge.up", version=report["version"], up=duration_text(report["uptime_s"]))
    yield from _shard(report)
    for said in complaints(report, "lease"):
        yield bad("doctor.bridge.lease", "doctor.bridge.lease.fix", "config", said)
    for said in complaints(report, "disk"):
        yield bad("doctor.disk.failing", "doctor.disk.failing.fix", "disk", said)


def _shard(report: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield which part of the fleet it has; whether it may read it, the complaint about its lease says."""
    shard, lease = report.get("shard"), report.get("lease")
    if not shard:
        return
    values = {"number": str(shard["number"]), "shards": str(shard["count"]), "node": shard["node"]}
    if lease is None:
        yield good("doctor.bridge.shard", **values)
    elif lease["held"]:
        yield good("doctor.bridge.shard.held", **values)
    else:
        yield left_out("doctor.bridge.shard.not_held", **values)


def complaints(report: Mapping[str, Any] | None, *whats: What) -> list[str]:
    """Return what the running bridge says is wrong of these kinds; nothing when none runs."""
    return [wrong["said"] for wrong in report["wrong"] if wrong["what"] in whats] if report else []


def with_complaints(findings: list[Finding], report: Mapping[str, Any] | None, *whats: What) -> list[Finding]:
    """Return ``findings``, and what the running bridge says is wrong of these kinds where they find nothing wrong.

    The doctor looks from another place and at another moment: what it finds well, the bridge may not.
    """
    if any(finding.sign == "bad" for finding in findings):
        return findings
    said = [bad("doctor.bridge.says", "doctor.bridge.says.fix", whats[0], said) for said in complaints(report, *whats)]
    return [*findings, *said]


def samples(report: Mapping[str, Any] | None, outbox: OutboxFile, now_s: float) -> Iterator[Finding]:
    """Yield whether samples are stored, and what waits, as the running bridge says it.

    Args:
        report: the running bridge's; None when none runs.
        outbox: what the file tells when it is free.
        now_s: Unix seconds.
    """
    if report is None:
        yield from _on_disk(outbox, now_s)
        return
    to = report["delivery"]
    ago_s, waiting = to["last_confirmed_ago_s"], to["waiting_samples"]
    values: dict[str, Any] = {
        "ago": duration_text(ago_s or 0.0),
        "waiting": waiting,
        "oldest": duration_text(to["oldest_waiting_s"]),
    }
    if standing := complaints(report, "stored"):
        yield bad("doctor.samples.standing", "doctor.samples.fix", "upstream", standing[0], waiting=waiting)
    elif waiting and complaints(report, "broker", "upstream"):
        yield warn("doctor.samples.waiting", "doctor.samples.fix", "", "", waiting=waiting, oldest=values["oldest"])
    elif ago_s is None:
        yield left_out("doctor.samples.none_yet", up=duration_text(report["uptime_s"]))
    else:
        yield good("doctor.samples.fresh", **values)
    for what, (key, fix, stage) in _OF_SAMPLES.items():
        for said in complaints(report, what):
            yield bad(key, fix, stage, said, lost=to["lost_last_hour"])
    if to["set_aside_samples"]:
        yield warn(
            "doctor.samples.set_aside", "doctor.samples.set_aside.fix", "upstream", count=to["set_aside_samples"]
        )


def _on_disk(outbox: OutboxFile, now_s: float) -> Iterator[Finding]:
    if outbox.newest_s is None:
        yield left_out("doctor.samples.nothing_waits")
        return
    ago_s = max(0.0, now_s - outbox.newest_s)
    values: dict[str, Any] = {"waiting": outbox.waiting, "ago": duration_text(ago_s)}
    if ago_s > _FRESH_S:
        yield bad("doctor.samples.old_on_disk", "doctor.samples.old_on_disk.fix", "disk", **values)
    else:
        yield good("doctor.samples.on_disk", **values)


def host(*, in_stack: bool) -> Iterator[Finding]:
    """Yield what only the host knows: whether everything comes back after a power cut."""
    if in_stack:
        yield left_out("doctor.host.contained", "doctor.host.fix")
    else:
        yield left_out("doctor.host.bare", "doctor.host.bare.fix")
