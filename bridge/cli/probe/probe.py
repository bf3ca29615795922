"""``bridge probe HOST[:PORT]``: finds out what answers there, how it is read, and prints the lines to paste.

Runs the steps and decides on the exit code; the steps are in the files beside this one.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG
from bridge.cli.probe import probe_options
from bridge.cli.probe.history_summary import HistorySummary
from bridge.cli.probe.line_trial import try_lines
from bridge.cli.probe.port_probe import PortProbe
from bridge.cli.probe.probe_report import ProbeReport
from bridge.cli.probe.probe_result import ProbeRequest
from bridge.cli.probe.probe_summary import ProbeSummary
from bridge.cli.probe.proposal import histories_of, propose
from bridge.cli.probe.raw_connection import RawConnection
from bridge.cli.probe.targets import TargetError
from bridge.cli.probe.usual_ports import usual_ports
from bridge.cli.profile_text import is_profile_file
from bridge.cli.progress import ticking
from bridge.cli.running_bridge import find_bridge, health_port
from bridge.errors import ConfigError
from bridge.meters.counter_store import CounterStore
from bridge.meters.refused_secrets import RefusedSecrets

if TYPE_CHECKING:
    import argparse
    from collections.abc import Coroutine, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.probe.line_trial import LineTrial
    from bridge.cli.probe.probe_result import PortResult
    from bridge.cli.probe.proposal import Proposal
    from bridge.cli.probe.raw_connection import Reach
    from bridge.cli.probe.search_scope import Patience
    from bridge.cli.probe.targets import HostTarget
    from bridge.cli.progress import Progress
    from bridge.cli.terminal import Terminal

T = TypeVar("T")


def probe_host(target: HostTarget, arguments: argparse.Namespace, say: Catalogue, terminal: Terminal) -> int:
    """Probe one host and return the exit code.

    Raises:
        TargetError: an option cannot be used.
        ConfigError: a secret that was given cannot be used.
    """
    ports = (target.port,) if target.port is not None else probe_options.ports(arguments.ports)
    if not is_profile_file(arguments.profile_out):
        raise TargetError("probe.wrong.profile_out", value=arguments.profile_out)
    places = probe_options.places()
    given = probe_options.given(arguments, os.environ, say, terminal)
    wanted = ProbeRequest(
        given, probe_options.scope(arguments), probe_options.patience(arguments), arguments.client, places.profiles_dir
    )
    with suppress(OSError):  # without it nothing secret is tried: see secret_attempts.py
        places.data_dir.mkdir(parents=True, exist_ok=True)
    counters = CounterStore(places.data_dir / "counters.db")
    with terminal.progress() as progress:
        report = ProbeReport(say, terminal, progress)
        with suppress(ConfigError):  # HEALTH__PORT is no number: not what is asked about here
            if find_bridge(health_port(os.environ)) is not None:
                report.bridge_running()
        probe = PortProbe(wanted, report, RefusedSecrets(places.data_dir), counters)
        outcome = asyncio.run(_watched(progress, _probe(probe, target.host, ports, report, wanted.patience)))
        best = outcome.best if outcome is not None else None
        proven = None
        if outcome is not None and best is not None and best.facts.answered:
            others = [access for access in outcome.accesses or [] if access is not best]
            proposal = propose(
                best,
                others,
                given,
                name=arguments.name,
                profile_out=arguments.profile_out,
                profiles_dir=wanted.profiles_dir,
            )
            report.proving()
            proven = proposal, asyncio.run(_watched(progress, try_lines(proposal, wanted, counters)))
    if outcome is None:
        terminal.say(terminal.sign("bad"), " ", say("probe.ports.none"))
        return SOMETHING_WRONG
    histories = HistorySummary(say, terminal)
    return _finish(outcome, proven, wanted, (ProbeSummary(say, terminal), histories), arguments)


async def _watched(progress: Progress, work: Coroutine[None, None, T]) -> T:
    async with ticking(progress):
        return await work


async def _probe(
    probe: PortProbe, host: str, ports: Sequence[int], report: ProbeReport, patience: Patience
) -> PortResult | None:
    """Return what came of the first port with a meter, else of the last open one; None when none is open."""
    if len(ports) != 1:
        ports = ports or usual_ports()
        report.trying_ports(host, len(ports))
        reached = await open_ports(host, ports, patience)
        report.ports(host, reached)
        ports = [port for port, reach in reached.items() if reach == "open"]
        await asyncio.sleep(patience.between_s)
    outcome = None
    for port in ports:
        outcome = await probe.run(host, port)
        if outcome.knock.is_meter:
            break
    return outcome


async def open_ports(host: str, ports: Sequence[int], patience: Patience) -> dict[int, Reach]:
    """Return how a TCP connection to each port went; all are tried at once, and nothing is sent."""

    async def reach(port: int) -> Reach:
        reached = await RawConnection.reach(host, port, patience.connect_s)
        if reached.line is not None:
            await reached.line.__aexit__()
        return reached.reach

    return dict(zip(ports, await asyncio.gather(*(reach(port) for port in ports)), strict=True))


def _finish(
    outcome: PortResult,
    proven: tuple[Proposal, LineTrial] | None,
    wanted: ProbeRequest,
    writers: tuple[ProbeSummary, HistorySummary],
    arguments: argparse.Namespace,
) -> int:
    summary, histories = writers
    best = outcome.best
    if best is None:
        if outcome.place is not None:
            summary.needs(outcome, wanted.given, name=arguments.name)
        return SOMETHING_WRONG
    others = [access for access in outcome.accesses or [] if access is not best]
    found = outcome.knock
    summary.meter(best, others, found.said if found.kind == "hdlc-mode-e" else "")
    if arguments.objects:
        summary.objects(max((best, *others), key=lambda access: len(access.facts.objects)))
    if proven is None:
        summary.needs(outcome, wanted.given, name=arguments.name)
        return SOMETHING_WRONG
    summary.registers(best.facts)
    known = proven[0].choice.match.profile if proven[0].choice.match and not arguments.profile_out else None
    histories.show(
        histories_of([best.facts, *(other.facts for other in others)]), known, is_written=bool(arguments.profile_out)
    )
    summary.ending(best, others, *proven, profile_out=arguments.profile_out)
    return ALL_WELL
