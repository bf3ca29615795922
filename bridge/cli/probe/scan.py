"""``bridge probe 192.168.1.0/24``: which meters a network has. Bounded in rate and in connections, and it asks first.

Sends each open port the smallest question of each framing, no secret ever, and reads the logical device name where the
public client may. Private networks alone, unless told otherwise: other people's devices are theirs to look at.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE
from bridge.cli.probe import probe_options
from bridge.cli.probe.flag_ids import flag_id, maker
from bridge.cli.probe.given_secrets import MeterPlace, meter_at
from bridge.cli.probe.port_identification import identify_port
from bridge.cli.probe.probe_report import kind_text
from bridge.cli.probe.raw_connection import RawConnection
from bridge.cli.probe.search_scope import SearchScope
from bridge.cli.probe.targets import ASKS_ABOVE
from bridge.cli.probe.usual_ports import usual_ports
from bridge.cli.visit import link_to, visit
from bridge.dlms.values import interpret
from bridge.errors import MeterError

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.probe.port_questions import PortFinding
    from bridge.cli.probe.search_scope import Patience
    from bridge.cli.probe.targets import RangeTarget
    from bridge.cli.terminal import Part, Terminal

AT_ONCE = 64
"""Connections that are open or being opened at one time."""
_KNOCKS_AT_ONCE = 16
_CLIENTS = (16, 1)
_ADDRESSES = 3
"""HDLC addresses that a scan tries; ``bridge probe HOST`` tries all."""
_CONNECT_S = 1.0
_PUBLIC_CLIENT = 16
_NAME = "0.0.42.0.0.255"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that was found.

    Args:
        host: its address.
        port: the open port.
        found: what listens there.
        name: logical device name, where it gave one.
    """

    host: str
    port: int
    found: PortFinding
    name: str = ""


def scan_range(target: RangeTarget, arguments: argparse.Namespace, say: Catalogue, terminal: Terminal) -> int:
    """Scan a range and return the exit code.

    Raises:
        TargetError: an option cannot be used.
    """
    ports = (target.port,) if target.port is not None else probe_options.ports(arguments.ports) or usual_ports()
    scope, patience = probe_options.scope(arguments), probe_options.patience(arguments)
    objection = _objection(target, arguments, ports, say)
    if objection:
        terminal.say(terminal.sign("bad"), " ", objection)
        return UNUSABLE
    scope = SearchScope(
        scope.hdlc[:_ADDRESSES], scope.wrapper[:1], scope.clients[: len(_CLIENTS)], scope.framings, scope.namings
    )
    began_s = time.monotonic()
    with terminal.progress(target.count * len(ports)) as progress:
        scan = Scan(scope, patience, rate=arguments.rate)
        scan.tell = lambda: progress.step(
            say("probe.scan.progress", open=scan.open, meters=sum(one.found.is_meter for one in scan.sightings))
        )
        asyncio.run(scan.run(target, ports))
    meters = sum(one.found.is_meter for one in scan.sightings)
    if scan.sightings:
        _show(scan.sightings, target, say, terminal)
    else:
        terminal.say(say("probe.scan.none", text=target.text, ports=len(ports)))
    seconds = f"{time.monotonic() - began_s:.1f}"
    terminal.say(say("probe.scan.end", count=target.count, open=scan.open, meters=meters, seconds=seconds))
    if meters:
        terminal.say(say("probe.scan.next"))
    return ALL_WELL if meters else SOMETHING_WRONG


def _objection(target: RangeTarget, arguments: argparse.Namespace, ports: Sequence[int], say: Catalogue) -> str:
    """Return why this is not scanned; empty when it may be."""
    if arguments.password or arguments.encryption_key or arguments.authentication_key:
        return say("probe.scan.no_secret")
    if not target.is_private and not arguments.force:
        return say("probe.scan.public", text=target.text)
    if target.count <= ASKS_ABOVE or arguments.yes:
        return ""
    if sys.stdin.isatty():
        connections = target.count * len(ports)
        minutes = max(1, round(connections / arguments.rate / 60))
        answer = input(say("probe.scan.ask", count=target.count, connections=connections, minutes=minutes))
        if answer.strip()[:1] and answer.strip()[0] in say("probe.scan.yes"):
            return ""
    return say("probe.scan.large", count=target.count)


class Scan:
    """A scan that runs once.

    Args:
        scope: what an open port is asked.
        patience: how long to wait for an answer.
        rate: connections started a second, at most.
        at_once: connections open at one time, at most.
    """

    def __init__(self, scope: SearchScope, patience: Patience, *, rate: float, at_once: int = AT_ONCE) -> None:
        self.sightings: list[Sighting] = []
        self.open = 0
        """Open ports so far."""
        self.tell: Callable[[], None] = lambda: None
        """Called after each connection, for a progress bar."""
        self._scope = scope
        self._patience = patience
        self._gap_s = 1 / rate
        self._room = asyncio.Semaphore(at_once)
        self._knocks = asyncio.Semaphore(_KNOCKS_AT_ONCE)
        self._lines: dict[str, asyncio.Lock] = {}

    async def run(self, hosts: Iterable[str], ports: Sequence[int]) -> list[Sighting]:
        """Try every port of every host and return what was found, in the order of the addresses."""
        places = [(host, port) for host in hosts for port in ports]
        async with asyncio.TaskGroup() as tasks:
            async for host, port in self._paced(places):
                tasks.create_task(self._look(host, port))
        order_of = {place: number for number, place in enumerate(places)}
        self.sightings.sort(key=lambda one: order_of[one.host, one.port])
        return self.sightings

    async def _paced(self, places: Sequence[tuple[str, int]]) -> AsyncIterator[tuple[str, int]]:
        """Yield a place whenever there is room for one more connection and the rate allows it."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        for place in places:
            await self._room.acquire()
            if (wait_s := next_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            next_s = max(next_s, loop.time() - 1.0) + self._gap_s
            yield place

    async def _look(self, host: str, port: int) -> None:
        try:
            reached = await RawConnection.reach(host, port, min(_CONNECT_S, self._patience.connect_s))
            if reached.line is None:
                return
            await reached.line.__aexit__()
            self.open += 1
            # One port of a host after the other: several may lead to the same serial line.
            async with self._knocks, self._lines.setdefault(host, asyncio.Lock()):
                await asyncio.sleep(self._patience.between_s)
                found = await identify_port(host, port, self._patience, self._scope)
                name = await self._name(host, port, found) if found.is_meter else ""
                self.sightings.append(Sighting(host, port, found, name))
        finally:
            self._room.release()
            self.tell()

    async def _name(self, host: str, port: int, found: PortFinding) -> str:
        """Return the logical device name, as the public client reads it; empty when he may not."""
        if found.address is None or found.client != _PUBLIC_CLIENT:
            return ""
        meter = meter_at(
            MeterPlace(host, port, found.kind, "ln", found.address),
            _PUBLIC_CLIENT,
            "none",
            None,
            self._patience.answer_s,
        )
        await asyncio.sleep(self._patience.between_s)
        try:
            async with visit(link_to(meter, self._patience.connect_s), meter) as talk:
                result = await talk.carry(talk.session.get(1, _NAME, 2))
        except MeterError:
            return ""
        value, _ = interpret(result.value, class_id=1, attribute=2)
        return "" if result.refusal or value is None else str(value)


def _show(sightings: Sequence[Sighting], target: RangeTarget, say: Catalogue, terminal: Terminal) -> None:
    header = (
        say("probe.scan.column.address"),
        say("probe.scan.column.what"),
        say("probe.scan.column.server"),
        say("probe.scan.column.name"),
        say("probe.scan.column.maker"),
    )
    terminal.table(header, _rows(sightings, say), title=say("probe.scan.title", text=target.text))


def _rows(sightings: Sequence[Sighting], say: Catalogue) -> Iterator[list[Part]]:
    for one in sightings:
        what = kind_text(one.found, say)
        server = str(one.found.address) if one.found.address is not None else ""
        name = one.name or (one.found.said if one.found.kind == "hdlc-mode-e" else "")
        yield [
            f"{one.host}:{one.port}",
            (what, "good") if one.found.is_meter else what,
            server,
            name,
            maker(flag_id(name)),
        ]
