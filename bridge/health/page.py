"""The page for people at ``/``: how the bridge and each meter is, last values, what waits, the log's last lines.

Whole at every request, renewed by a few lines of script of its own; nothing comes from elsewhere, and the browser is
told to take nothing else. Whatever a meter, a file or ThingsBoard says is escaped in one place. Shows nothing that
``/status`` and ``/log`` do not: no secret gets here. Judges nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from bridge.configuration.source_values import visible
from bridge.health.duration import duration_text, short_duration_text
from bridge.health.page_words import Language, PageWords
from bridge.health.size import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bridge.health.report import MeterRow, StatusReport
    from bridge.sample import Sample, Scalar

_METERS_SHOWN = 500
_WRONG_SHOWN = 10
_LOG_LINES = 25
_VALUES_SHOWN = 16
_SIGNS: Final = {"all is well": "good", "something needs a look": "warn", "no meter is read yet": "none"}


class HomePage:
    """Makes it. Called on the health server's threads.

    Args:
        report: how things are now.
        samples: each meter's last sample, of those that were read.
        log: the recent lines of the log.
    """

    def __init__(
        self,
        report: Callable[[], StatusReport],
        samples: Callable[[], Mapping[str, Sample]],
        log: Callable[[], str],
    ) -> None:
        self._report = report
        self._samples = samples
        self._log = log

    def html(self, language: Language = "en") -> bytes:
        """Return it."""
        report, say = self._report(), PageWords(language)
        body = "\n".join(
            (
                *_head(report, say),
                *_meters(report, self._samples(), say),
                *_delivery(report, say),
                f"<h2>{_text(say('last lines of the log'))}</h2>",
                f"<pre>{_log_text(self._log())}</pre>",
            )
        )
        title = f"{say.verdict(report.verdict)} · dlms-bridge"
        away = say("The bridge does not answer: what stands here is old.")
        filled = template().substitute(language=language, title=_text(title), away=_text(away), body=body)
        return filled.encode("utf-8", "backslashreplace")


@cache
def template() -> Template:
    """Return what is the same in every page."""
    return Template(resources.files("bridge.health").joinpath("page.html").read_text(encoding="utf-8"))


@cache
def policy() -> str:
    """Return what a browser may load and run for it: its own style and script, as they are, and itself again."""
    text = template().template
    hashes = {}
    for element in ("style", "script"):
        (inside,) = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
        hashes[element] = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _text(said: object) -> str:
    return html.escape(visible(str(said)))


def _head(report: StatusReport, say: PageWords) -> Iterator[str]:
    sign = _SIGNS.get(report.verdict, "bad")
    failing = sum(wrong.what == "meter" for wrong in report.wrong)
    many = f": {say('{} of {}', failing, len(report.meters))}" if report.verdict == "a meter fails" else ""
    yield f'<h1 class="{sign}">{_text(say.verdict(report.verdict) + many)}</h1>'
    said = [wrong.said for wrong in report.wrong if not wrong.meter]
    if said:
        lines = "".join(f"<li>{_text(one)}</li>" for one in said[:_WRONG_SHOWN])
        yield f'<ul class="wrong">{lines}</ul>'
    about = f"dlms-bridge {report.version}, {say('up {}', duration_text(report.uptime_s))}"
    yield f'<p class="dim">{_text(about + _shard(report, say))}</p>'


def _shard(report: StatusReport, say: PageWords) -> str:
    shard, lease = report.shard, report.lease
    if shard is None:
        return ""
    named = f", {say('shard {} of {}', shard.number, shard.count)}"
    if lease is None:
        return named
    return f"{named} {say('on {}, lease held' if lease.held else 'on {}, without its lease', shard.node)}"


def _meters(report: StatusReport, samples: Mapping[str, Sample], say: PageWords) -> Iterator[str]:
    has_history = any(meter.completeness_day is not None for meter in report.meters)
    said = {wrong.meter: wrong.said for wrong in report.wrong if wrong.meter}
    rows = sorted(report.meters, key=lambda meter: meter.name not in said)  # stable: else in the settings' order
    heads = ["meter", "state", "last value", "values", "5 min", *(["complete, 1 day"] if has_history else [])]
    yield "<table><thead><tr>" + "".join(f"<th>{_text(say(head))}</th>" for head in heads) + "</tr></thead><tbody>"
    for meter in rows[:_METERS_SHOWN]:
        cells = [
            f'<td class="name">{_text(meter.name)}</td>',
            f'<td class="state">{_state(meter, said.get(meter.name, ""), say)}</td>',
            f'<td class="age">{_ago(meter.last_value_ago_s, say)}</td>',
            f"<td>{_values(samples.get(meter.name))}</td>",
            f'<td class="share">{_share(meter.success_5min)}</td>',
        ]
        if has_history:
            cells.append(f'<td class="share">{_share(meter.completeness_day)}</td>')
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"
    if (more := len(rows) - _METERS_SHOWN) > 0:
        yield f'<p class="dim">{_text(say("and {} more: bridge status --all", more))}</p>'


def _state(meter: MeterRow, said: str, say: PageWords) -> str:
    sign = "bad" if said else "good" if meter.state == "reading" else "none"
    shown = f'<span class="{sign}">{_text(say(meter.state))}</span>'
    if not said:
        return shown
    next_s = meter.next_attempt_in_s
    again = "" if next_s is None else f"; {say('next attempt in {}', duration_text(next_s))}"
    return f'{shown}<span class="why">{_text(said.removeprefix(f"{meter.name}: ") + again)}</span>'


def _values(sample: Sample | None) -> str:
    if sample is None:
        return ""
    shown = list(zip(sample.layout.keys, sample.scalars, sample.layout.units, strict=True))[:_VALUES_SHOWN]
    return " ".join(
        f'<span class="value"><span>{_text(key)}</span> {_text(_scalar(value))} {_text(unit)}</span>'
        for key, value, unit in shown
        if value is not None
    )


def _scalar(value: Scalar) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _delivery(report: StatusReport, say: PageWords) -> Iterator[str]:
    to = report.delivery
    rows = [("ThingsBoard", _upstream(report, say))]
    if to.broker != "none":
        rows.append(("broker", say(to.broker)))
    rows.append(("last confirmed", _ago(to.last_confirmed_ago_s, say)))
    rows.append(("waiting", _waiting(report, say)))
    rows.append(("outbox", say("{} of {}", size_text(to.bytes), size_text(to.limit_bytes))))
    free = say("unknown") if to.disk_free_bytes is None else say("{} free", size_text(to.disk_free_bytes))
    rows.append(("disk", free))
    if to.lost_samples:
        rows.append(("lost", str(to.lost_samples)))
    if report.clock is not None:
        rows.append(("clock", say("trusted" if report.clock.condition == "trusted" else "not trusted")))
    yield "<dl>" + "".join(f"<dt>{_text(say(name))}</dt><dd>{_text(value)}</dd>" for name, value in rows) + "</dl>"


def _upstream(report: StatusReport, say: PageWords) -> str:
    to = report.delivery
    if to.upstream == "none":
        return say(
            "none is set: samples are confirmed here and go nowhere"
            if to.broker == "none"
            else "none is set: samples go to the local broker, and no further"
        )
    return f"{say(to.upstream)}, {to.way}" if to.upstream == "up" else f"{say('down')}: {to.upstream_why}"


def _waiting(report: StatusReport, say: PageWords) -> str:
    count, oldest = report.delivery.waiting_samples, duration_text(report.delivery.oldest_waiting_s)
    if count == 1:
        return say("1 sample, for {}", oldest)
    return say("{} samples, the oldest for {}", count, oldest) if count else say("nothing")


def _log_text(log: str) -> str:
    return "\n".join(_text(line) for line in log.splitlines()[-_LOG_LINES:])


def _ago(seconds: float | None, say: PageWords) -> str:
    return _text(say("none yet") if seconds is None else say("{} ago", short_duration_text(seconds)))


def _share(share: float | None) -> str:
    return "" if share is None else "100 %" if share == 1 else f"{share * 100:.1f} %"
