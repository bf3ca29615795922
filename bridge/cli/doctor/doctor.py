"""``bridge doctor``: the checklist for after an outage, executed. Composes and times; the judging is each check's own.

All checks run at the same time, each within bounds, and are shown in one order. Nothing is changed: what has to be
opened is closed again, whatever ends the command.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.doctor import bridge as doctor_bridge
from bridge.cli.doctor import clock as doctor_clock
from bridge.cli.doctor import disk as doctor_disk
from bridge.cli.doctor import upstream as doctor_upstream
from bridge.cli.doctor.api import check_api
from bridge.cli.doctor.broker import BrokerSays, ask_broker
from bridge.cli.doctor.bundle import write_bundle
from bridge.cli.doctor.examination import Examination
from bridge.cli.doctor.finding import Finding, bad, good, left_out, print_group, warn
from bridge.cli.doctor.meters import DirectMeters, ThroughBridge
from bridge.cli.doctor.reach import error_text
from bridge.cli.doctor.summary import sum_up
from bridge.cli.parsers import SOMETHING_WRONG
from bridge.cli.running_bridge import find_bridge, health_address, in_container
from bridge.cli.terminal import Terminal
from bridge.cli.typed_here import is_native
from bridge.clock.machine import is_synchronised, wall_s
from bridge.configuration.exposed import exposed
from bridge.configuration.load import SECRETS_DIR, Configuration, read
from bridge.errors import ConfigError
from bridge.meters.counter_store import CounterStore
from bridge.meters.refused_secrets import RefusedSecrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
    from pathlib import Path


_GROUPS = (
    "doctor.group.configuration", "doctor.group.bridge", "doctor.group.disk", "doctor.group.clock",
    "doctor.group.meters", "doctor.group.broker", "doctor.group.upstream", "doctor.group.samples", "doctor.group.host",
)  # fmt: skip
_METERS_SHOWN = 30
"""Of a larger fleet only the meters with something to say are named."""
_SHOWN = 10
"""Of mistakes in the configuration, and of secrets that Docker shows."""
_LETTING_GO_S = 5.0


def doctor(
    environ: Mapping[str, str],
    out: TextIO,
    *,
    as_json: bool = False,
    bundle: Path | None = None,
    within_s: float = 60.0,
    secrets_dir: Path = SECRETS_DIR,
    clock_s: Callable[[], float] = wall_s,
) -> int:
    """Examine everything, write the report to ``out`` and return the exit code.

    Args:
        environ: the variables, as the bridge gets them.
        out: where to write.
        as_json: the findings as JSON.
        bundle: where to write a support bundle; None for none.
        within_s: after so long what is not done is said to be late.
        secrets_dir: where Docker's secrets lie.
        clock_s: wall clock, Unix seconds.

    Returns:
        0 nothing is wrong, 1 something is, 2 the configuration cannot be used.
    """
    say, terminal = Catalogue.of(environ), Terminal(out, environ)
    shown = None if as_json else terminal
    found = asyncio.run(_examine(environ, shown, say, within_s=within_s, secrets_dir=secrets_dir, clock_s=clock_s))
    if as_json:
        out.write(json.dumps(found.plain(say), indent=1, ensure_ascii=False) + "\n")
    if bundle is not None:
        try:
            files = write_bundle(bundle, found, say)
        except OSError as error:
            sys.stderr.write(say("doctor.bundle.unwritten", file=bundle, why=error_text(error)) + "\n")
            return found.code or SOMETHING_WRONG
        if shown:
            shown.say()
            shown.say(say("doctor.bundle.written", file=bundle, count=files))
    return found.code


async def _examine(
    environ: Mapping[str, str],
    terminal: Terminal | None,
    say: Catalogue,
    *,
    within_s: float,
    secrets_dir: Path,
    clock_s: Callable[[], float],
) -> Examination:
    until_s = asyncio.get_running_loop().time() + within_s
    reading = await asyncio.to_thread(read, environ, secrets_dir)
    outbox = await asyncio.to_thread(doctor_disk.look_at_outbox, reading.settings.data_dir)
    host, port = _address(environ)
    bridge = await asyncio.to_thread(find_bridge, port, host, elsewhere=outbox.state == "held")
    found = Examination(reading, bridge, outbox)
    broker = asyncio.create_task(_broker(found), name="broker")
    checks = _checks(found, broker, clock_s, environ)
    tasks = {group: asyncio.create_task(checks[group], name=group) for group in _GROUPS}
    try:
        await _show(found, tasks, terminal, say, until_s)
    finally:
        for task in (broker, *tasks.values()):
            task.cancel()
        # Each closes its connection on the way out; otherwise a meter with one session would stay taken.
        await asyncio.wait((broker, *tasks.values()), timeout=_LETTING_GO_S)
    return found


def _address(environ: Mapping[str, str]) -> tuple[str, int]:
    with suppress(ConfigError):  # what is wrong with the setting is the configuration's finding
        return health_address(environ)
    return health_address({})


def _checks(
    found: Examination,
    broker: asyncio.Task[BrokerSays | None],
    clock_s: Callable[[], float],
    environ: Mapping[str, str],
) -> dict[str, Coroutine[Any, Any, list[Finding]]]:
    settings, report, outbox = found.reading.settings, found.report, found.outbox
    folder = settings.data_dir

    async def at_once(findings: Callable[[], Iterator[Finding]]) -> list[Finding]:
        return await asyncio.to_thread(lambda: list(findings()))

    def disk() -> Iterator[Finding]:
        yield from doctor_disk.volume(folder, settings.outbox.max_mb * 1e6)
        yield from doctor_disk.file(folder, outbox, running=report is not None)

    def clock() -> Iterator[Finding]:
        found = doctor_clock.judge_clock(clock_s(), outbox.newest_s, synchronised=is_synchronised())
        yield from doctor_bridge.with_complaints(list(found), report, "time")

    async def of_broker() -> list[Finding]:
        says = await asyncio.shield(broker)  # others wait for it, too
        if says is None:
            return [left_out("doctor.left_out.configuration")]
        return doctor_bridge.with_complaints(list(says.findings), report, "broker")

    async def of_upstream() -> list[Finding]:
        says = await asyncio.shield(broker)
        if says is None:
            return [left_out("doctor.left_out.configuration")]
        findings = await doctor_upstream.check_upstream(settings, says, report)
        findings = doctor_bridge.with_complaints(findings, report, "upstream", "token", "gateway")
        return findings + await at_once(lambda: check_api(settings.thingsboard, report))

    return {
        "doctor.group.configuration": at_once(
            lambda: _configuration(found.reading, exposed(environ) if in_container() else [])
        ),
        "doctor.group.bridge": at_once(lambda: doctor_bridge.bridge(report, outbox)),
        "doctor.group.disk": at_once(disk),
        "doctor.group.clock": at_once(clock),
        "doctor.group.meters": _meters(found),
        "doctor.group.broker": of_broker(),
        "doctor.group.upstream": of_upstream(),
        "doctor.group.samples": at_once(lambda: doctor_bridge.samples(report, outbox, clock_s())),
        "doctor.group.host": at_once(lambda: doctor_bridge.host(in_stack=not is_native(environ))),
    }


def _configuration(reading: Configuration, shown_by_docker: Collection[str]) -> Iterator[Finding]:
    for problem in reading.problems[:_SHOWN]:
        yield bad("doctor.configuration.mistake", "", "config", problem=problem)
    if (more := len(reading.problems) - _SHOWN) > 0:
        yield bad("doctor.configuration.more", "", "config", count=more)
    if reading.problems:
        yield left_out("doctor.configuration.look", "doctor.configuration.fix")
    elif reading.settings.meters:
        yield good("doctor.configuration.fine", count=len(reading.settings.meters))
    else:
        yield left_out("doctor.configuration.demo", "doctor.configuration.demo.fix")
    if shown_by_docker:
        names = ", ".join(list(shown_by_docker)[:_SHOWN])
        names += f", … ({len(shown_by_docker)})" if len(shown_by_docker) > _SHOWN else ""
        yield warn("doctor.configuration.exposed", "doctor.configuration.exposed.fix", names=names)


async def _broker(found: Examination) -> BrokerSays | None:
    """Ask the broker; None when mistakes in the configuration leave open where it is."""
    if found.reading.problems:
        return None
    settings = found.reading.settings
    if settings.broker.host is None and settings.via == "direct":
        none = "doctor.broker.none" if settings.thingsboard.host is not None else "doctor.broker.nowhere"
        return BrokerSays((left_out(none),), there=False)
    return await ask_broker(settings.broker)


async def _meters(found: Examination) -> list[Finding]:
    reading, settings = found.reading, found.reading.settings
    checks: list[Awaitable[list[Finding]]]
    if found.bridge is not None:
        through = ThroughBridge(*found.bridge)
        names = through.names if reading.problems else (list(settings.meters) or through.names)
        checks = [through.check(name) for name in names]
    elif reading.problems:
        return [left_out("doctor.left_out.configuration")]
    elif found.outbox.state == "held":
        return [left_out("doctor.meter.taken", "doctor.bridge.mute.fix")]
    else:
        refusals, counters = RefusedSecrets(settings.data_dir), CounterStore(settings.data_dir / "counters.db")
        found.directly = DirectMeters(refusals, counters, connect_timeout_s=settings.link.connect_timeout_s)
        checks = [found.directly.check(meter) for meter in reading.resolved.values()]
    results = [finding for one in await asyncio.gather(*checks) for finding in one]
    if not results:
        return [left_out("doctor.meter.none")]
    if len(checks) <= _METERS_SHOWN:
        return results
    to_say = [finding for finding in results if finding.sign != "good"]
    return [good("doctor.meter.rest", count=len(results) - len(to_say)), *to_say]


async def _show(
    found: Examination,
    tasks: Mapping[str, asyncio.Task[list[Finding]]],
    terminal: Terminal | None,
    say: Catalogue,
    until_s: float,
) -> None:
    """Collect each group's findings and show them in order, as they come."""
    loop = asyncio.get_running_loop()
    bar = terminal.progress(len(tasks)) if terminal else None
    for group, task in tasks.items():
        if bar:
            bar.show(say(group))
        await asyncio.wait((task,), timeout=max(0.0, until_s - loop.time()))
        if not task.done():
            task.cancel()
            findings = [bad("doctor.late", "doctor.late.fix", "timeout")]
        elif (error := task.exception()) is not None:  # one check's mistake must not hide what the others found
            findings = [bad("doctor.crashed", "doctor.crashed.fix", "", f"{type(error).__name__}: {error}")]
        else:
            findings = task.result()
        found.groups[group] = findings
        if terminal and bar:
            bar.step()
            print_group(terminal, say, group, findings)
    if terminal and bar:
        bar.__exit__()
        sum_up(terminal, say, found)
