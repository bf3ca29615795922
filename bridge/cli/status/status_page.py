"""``bridge status`` as a person reads it: the verdict, what is wrong, the meters, the way to ThingsBoard.

As wide as the terminal; what there is much of is folded. Judges nothing: the bridge has said what is wrong, and this
shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.cli.duration import duration_text
from bridge.cli.status.delivery_rows import audit_rows, clock_rows, delivery_rows
from bridge.cli.status.meter_rows import MeterRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Sign, Terminal
    from bridge.health.verdict import Verdict

_SHARED_SHOWN = 5
_WRONG_SHOWN = 10
VERDICTS: Final[dict[Verdict, tuple[Sign, str]]] = {
    "the bridge hangs": ("bad", "status.verdict.hangs"),
    "waiting for its lease": ("bad", "status.verdict.lease"),
    "the disk takes nothing": ("bad", "status.verdict.disk"),
    "no meter answers": ("bad", "status.verdict.no_meter"),
    "the broker is away": ("bad", "status.verdict.broker"),
    "ThingsBoard is away": ("bad", "status.verdict.upstream"),
    "ThingsBoard stores nothing": ("bad", "status.verdict.stored"),
    "the clock is not set": ("bad", "status.verdict.clock"),
    "a meter fails": ("bad", "status.verdict.meter"),
    "intervals are missing": ("bad", "status.verdict.intervals"),
    "something needs a look": ("warn", "status.verdict.look"),
    "no meter is read yet": ("none", "status.verdict.not_yet"),
    "all is well": ("good", "status.verdict.well"),
}
"""How each verdict is said."""


def show_status(
    report: Mapping[str, Any], terminal: Terminal, say: Catalogue, *, every: bool = False, why: str = ""
) -> None:
    """Write the report.

    Args:
        report: as the bridge gives it.
        terminal: where to.
        say: in which language.
        every: everything, however much it is.
        why: what was found out about a ThingsBoard that is away.
    """
    _verdict(report, terminal, say)
    _wrong(report, terminal, say, every=every)
    about = say("status.about", version=report["version"], span=duration_text(report["uptime_s"]))
    terminal.say((about, "dim"))
    if shard := _shard(report, say):
        terminal.say((shard, "dim"))
    terminal.say()
    MeterRows(report, terminal, say, every=every).show()
    _shared(report, terminal, say, every=every)
    terminal.say()
    rows = delivery_rows(report["delivery"], say, why)
    terminal.pairs([*rows, *audit_rows(report.get("audit"), say), *clock_rows(report.get("clock"), say)])


def _shard(report: Mapping[str, Any], say: Catalogue) -> str:
    """Which shard it is, where, and whether it may read its meters; empty for a bridge that is no shard."""
    shard, lease = report.get("shard"), report.get("lease")
    if not shard:
        return ""
    told = "status.shard" if lease is None else "status.shard.held" if lease["held"] else "status.shard.not_held"
    return say(told, number=str(shard["number"]), shards=str(shard["count"]), node=shard["node"])


def _verdict(report: Mapping[str, Any], terminal: Terminal, say: Catalogue) -> None:
    sign, key = VERDICTS[report["verdict"]]
    failing = sum(wrong["what"] == "meter" for wrong in report["wrong"])
    many = ""
    if failing and report["verdict"] != "no meter answers":
        also = "status.verdict.which" if report["verdict"] == "a meter fails" else "status.verdict.also"
        many = say(also, failing=failing, meters=len(report["meters"]))
    terminal.wrap([terminal.sign(sign), " "], (say(key) + many, "bold"))


def _wrong(report: Mapping[str, Any], terminal: Terminal, say: Catalogue, *, every: bool) -> None:
    """What is wrong, but for the meters, whose reasons stand in their rows."""
    said = [wrong["said"] for wrong in report["wrong"] if not wrong["meter"]]
    shown = said if every else said[:_WRONG_SHOWN]
    for one in shown:
        terminal.wrap(["  "], one)
    if len(said) > len(shown):
        terminal.say("  ", say("status.and_more", count=len(said) - len(shown)))


def _shared(report: Mapping[str, Any], terminal: Terminal, say: Catalogue, *, every: bool) -> None:
    lines = [
        say("status.shared_attribute", meter=meter["name"], key=key, value=value)
        for meter in report["meters"]
        for key, value in meter["shared"].items()
    ]
    shown = lines if every else lines[:_SHARED_SHOWN]
    for line in shown:
        terminal.wrap(["  "], line)
    if len(lines) > len(shown):
        terminal.say("  ", say("status.and_more", count=len(lines) - len(shown)))
