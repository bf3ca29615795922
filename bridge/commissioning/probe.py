"""``bridge probe HOST[:PORT]``: finds out what answers there, how it is read, and prints the lines to paste.

Runs the steps and decides on the exit code; the steps are in ``probing/``.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.commissioning import running
from bridge.commissioning.command_line import ALL_WELL, SOMETHING_WRONG
from bridge.commissioning.probing import order
from bridge.commissioning.probing.line import Line
from bridge.commissioning.probing.outcome import Wanted
from bridge.commissioning.probing.port import Probe
from bridge.commissioning.probing.ports import usual_ports
from bridge.commissioning.probing.proposal import propose
from bridge.commissioning.probing.report import Report
from bridge.commissioning.probing.summary import Summary
from bridge.commissioning.probing.trial import trial
from bridge.commissioning.terminal import ticking
from bridge.errors import ConfigError
from bridge.meters.keys import Counters
from bridge.meters.refusals import Refusals

if TYPE_CHECKING:
    import argparse
    from collections.abc import Coroutine, Sequence

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.probing.line import Reach
    from bridge.commissioning.probing.outcome import Outcome
    from bridge.commissioning.probing.proposal import Proposal
    from bridge.commissioning.probing.scope import Patience
    from bridge.commissioning.probing.targets import HostTarget
    from bridge.commissioning.probing.trial import Trial
    from bridge.commissioning.terminal import Progress, Terminal

T = TypeVar("T")


def run(target: HostTarget, arguments: argparse.Namespace, say: Catalogue, terminal: Terminal) -> int:
    """Probe one host and return the exit code.

    Raises:
        TargetError: an option cannot be used.
        ConfigError: a secret that was given cannot be used.
    """
    ports = (target.port,) if target.port is not None else order.ports(arguments.ports)
    order.check_profile_out(arguments.profile_out)
    places = order.places()
    given = order.given(arguments, os.environ, say, terminal)
    wanted = Wanted(given, order.scope(arguments), order.patience(arguments), arguments.client, places.profiles_dir)
    with suppress(OSError):  # without it nothing secret is tried: see probing/attempts.py
        places.data_dir.mkdir(parents=True, exist_ok=True)
    counters = Counters(places.data_dir / "counters.db")
    with terminal.progress() as progress:
        report = Report(say, terminal, progress)
        with suppress(ConfigError):  # HEALTH__PORT is no number: not what is asked about here
            if running.find(running.health_port(os.environ)) is not None:
                report.bridge_running()
        probe = Probe(wanted, report, Refusals(places.data_dir), counters)
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
            proven = proposal, asyncio.run(_watched(progress, trial(proposal, wanted, counters)))
    if outcome is None:
        terminal.say(terminal.sign("bad"), " ", say("probe.ports.none"))
        return SOMETHING_WRONG
    return _finish(outcome, proven, wanted, Summary(say, terminal), arguments)


async def _watched(progress: Progress, work: Coroutine[None, None, T]) -> T:
    async with ticking(progress):
        return await work


async def _probe(probe: Probe, host: str, ports: Sequence[int], report: Report, patience: Patience) -> Outcome | None:
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
        reached = await Line.reach(host, port, patience.connect_s)
        if reached.line is not None:
            await reached.line.__aexit__()
        return reached.reach

    return dict(zip(ports, await asyncio.gather(*(reach(port) for port in ports)), strict=True))


def _finish(
    outcome: Outcome,
    proven: tuple[Proposal, Trial] | None,
    wanted: Wanted,
    summary: Summary,
    arguments: argparse.Namespace,
) -> int:
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
    summary.ending(best, others, *proven, profile_out=arguments.profile_out)
    return ALL_WELL
