"""``bridge status`` on the way to ThingsBoard: broker, upstream, outbox, disk, clock. Judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.cli.duration import duration_text
from bridge.health.size import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Part

_PARKED_SHOWN = 5
_CLOCK: Final = {
    "trusted": "status.clock.trusted",
    "kept": "status.clock.kept",
    "estimated": "status.clock.estimated",
    "waiting": "status.clock.waiting",
}
_PROOF: Final = {
    "mark": "status.proof.mark",
    "accepted": "status.proof.accepted",
    "puback": "status.proof.puback",
    "local": "status.proof.local",
}
_QUIET_MARKS: Final = ("none", "moving", "not used")


def delivery_rows(to: Mapping[str, Any], say: Catalogue, why: str = "") -> Iterator[tuple[str, Part]]:
    """Yield what stands on each line: its name and what is so.

    Args:
        to: the report's ``delivery``.
        say: in which language.
        why: what was found out about a ThingsBoard that is away; empty where the report knows it.
    """
    yield say("status.upstream"), _upstream(to, say, why)
    if to["broker"] != "none":
        yield (
            say("status.broker"),
            say("status.up") if to["broker"] == "up" else (say("status.down"), "bad"),
        )
    confirmed_s = to["last_confirmed_ago_s"]
    confirmed = say("status.nothing_yet") if confirmed_s is None else say("status.ago", span=duration_text(confirmed_s))
    marks = "" if to["marks"] in _QUIET_MARKS else f", {to['marks']}"
    unstored = "" if not to["unstored_samples"] else say("status.unstored", count=to["unstored_samples"])
    yield say("status.confirmed"), f"{confirmed}, {say(_PROOF[to['confirm']])}{marks}{unstored}"
    yield say("status.waiting"), _waiting(to, say)
    yield from _parked(to, say)
    for destination, count in to["foreign_samples"].items():
        yield say("status.foreign"), say("status.foreign_samples", destination=destination, count=count)
    yield say("status.outbox"), say("status.of", used=size_text(to["bytes"]), limit=size_text(to["limit_bytes"]))
    yield say("status.disk"), _disk(to, say)
    lost = {"lost": to["lost_samples"], "lately": to["lost_last_hour"], "aside": to["set_aside_samples"]}
    yield say("status.lost"), say("status.lost_samples" if any(lost.values()) else "status.lost_none", **lost)
    if to["damaged_files"]:
        values = {"count": to["damaged_files"], "size": size_text(to["damaged_bytes"])}
        yield say("status.damaged"), say("status.damaged_files", **values)


def clock_rows(clock: Mapping[str, Any] | None, say: Catalogue) -> Iterator[tuple[str, Part]]:
    """Yield whose time samples are given; nothing where nobody watches it."""
    if clock is None:
        return
    said = say(_CLOCK[clock["condition"]], off=f"{clock['wall_off_s']:+.0f}", count=clock["undated_samples"])
    yield say("status.clock"), said if clock["condition"] == "trusted" else (said, "bad")


def audit_rows(audit: Mapping[str, Any] | None, say: Catalogue) -> Iterator[tuple[str, Part]]:
    """Yield what the last audit of ThingsBoard found; nothing where its REST API is not set."""
    if audit is None:
        return
    if audit["ago_s"] is None:
        said = say("status.audit.none_yet")
    else:
        key = "status.audit.lacks" if audit["missing_values"] else "status.audit.whole"
        values = {"values": audit["values"], "missing": audit["missing_values"]}
        said = say(key, span=duration_text(audit["ago_s"]), **values)
    if audit["failed_attempts"]:
        said += say("status.audit.failed", count=audit["failed_attempts"], why=audit["why"])
    is_well = not audit["missing_values"] and not audit["failed_attempts"]
    yield say("status.audit"), said if is_well else (said, "bad")


def _upstream(to: Mapping[str, Any], say: Catalogue, why: str) -> Part:
    if to["upstream"] == "none":
        return say("status.no_upstream" if to["broker"] == "none" else "status.local_only")
    shared = f"; {say('status.shared')}" if to["token_shared"] else ""
    if to["upstream"] == "up":
        said = f"{say('status.up')}, {to['way']}{shared}"
        return (said, "bad") if shared else said
    reason = why or to["upstream_why"]
    return f"{say('status.down')}{': ' if reason else ''}{reason}{shared}", "bad"


def _waiting(to: Mapping[str, Any], say: Catalogue) -> str:
    if not to["waiting_samples"]:
        return say("status.nothing")
    said = say("status.waiting_samples", count=to["waiting_samples"], span=duration_text(to["oldest_waiting_s"]))
    said += "" if not to["drain_s"] else say("status.gone_in", span=duration_text(to["drain_s"]))
    return said + ("" if to["standing_s"] is None else say("status.standing", span=duration_text(to["standing_s"])))


def _parked(to: Mapping[str, Any], say: Catalogue) -> Iterator[tuple[str, Part]]:
    for parked in to["parked"][:_PARKED_SHOWN]:
        again_s = parked["next_try_in_s"]
        again = "" if again_s is None else say("status.again", span=duration_text(again_s))
        values = {"device": parked["device"], "reason": parked["reason"], "span": duration_text(parked["for_s"])}
        yield say("status.parked"), (say("status.parked_device", **values) + again, "bad")
    if (more := len(to["parked"]) - _PARKED_SHOWN) > 0:
        yield say("status.parked"), (say("status.and_more", count=more), "bad")


def _disk(to: Mapping[str, Any], say: Catalogue) -> Part:
    free = to["disk_free_bytes"]
    disk = say("status.unknown") if free is None else say("status.free", free=size_text(free))
    for key, for_s in (("status.unwritable", to["unwritable_for_s"]), ("status.unreadable", to["unreadable_for_s"])):
        disk += "" if for_s is None else say(key, span=duration_text(for_s))
    return disk if to["unwritable_for_s"] is None and to["unreadable_for_s"] is None else (disk, "bad")
