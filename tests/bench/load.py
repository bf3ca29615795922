"""Simulated meters for the benchmarks, thousands a process: ``python -m tests.bench.load --meters 10000``.

As cheap as they can be, so that what is measured is the reader: prepared frames, one dictionary look-up and one write
a request. Still true meters: checksums, addresses, sequence numbers, associations, ciphering and its counters are
looked at, and a frame that is not right gets no answer. ``test_load.py`` reads them with gurux-dlms.

Each meter, or each converter with ``--behind`` others, has an address of its own in 127.0.0.0/8, all on one port.
Prints one line of JSON when it listens. Then takes commands on standard input, a line each, and answers each with a
line of JSON: ``counts``, ``begun`` (meter and time of each cycle's first request), ``clear``. Ends with its input.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import json
import resource
import socket
import sys
import time

import uvloop

from tests.bench.addresses import address
from tests.bench.answers import VERSIONS, Association, Book, Secrets
from tests.bench.frames import DISC, DM, SNRM, UA, Frame, Hdlc, Prepared, Wrapper
from tests.bench.history_answers import HistoryBook
from tests.bench.ledger import Ledger


class Plant:
    """What all meters of the process share.

    Args:
        framing: ``hdlc`` or ``wrapper``.
        lists: whether they support GET-WITH-LIST.
        ciphered: whether they ask for suite 0, authenticated and encrypted.
        interval_s: how often each is meant to be read; tells the ledger one cycle from the next.
        history_days: how far their load profiles reach back; 0 for meters without.
    """

    def __init__(
        self,
        framing: str = "hdlc",
        *,
        lists: bool = True,
        ciphered: bool = False,
        interval_s: float = float("inf"),
        history_days: float = 0,
    ) -> None:
        self.framing = Hdlc() if framing == "hdlc" else Wrapper()
        self.book = HistoryBook(lists=lists, days=history_days) if history_days else Book(lists=lists)
        self.secrets = Secrets() if ciphered else None
        self.ledger = Ledger(interval_s)
        self.prepared: dict[bytes, Prepared] = {}


class Meter:
    """One meter on one connection."""

    __slots__ = ("association", "began_s", "expected", "last", "last_control", "number", "version")

    def __init__(self, plant: Plant, number: int) -> None:
        self.number = number
        self.association = Association(plant.book, plant.secrets, number)
        self.expected = -1 if plant.framing.has_sequence else 0
        self.last_control = -1
        self.last = b""
        self.version = number
        self.began_s = -float("inf")


class Connection(asyncio.Protocol):
    """One client's connection with one or more meters.

    Args:
        plant: what they share.
        number: the first of them.
        count: how many there are; their addresses are 1, 2, 3 and so on.
    """

    def __init__(self, plant: Plant, number: int, count: int) -> None:
        self._plant = plant
        self._meters = {1 + n: Meter(plant, number + n) for n in range(count)}
        self._prepared = plant.prepared
        self._ledger = plant.ledger
        self._half_s = plant.ledger.interval_s / 2
        self._rest = b""

    def connection_made(self, transport) -> None:
        self._write = transport.write

    def connection_lost(self, _error) -> None:
        self._ledger.associations -= sum(meter.association.is_open for meter in self._meters.values())
        self._meters = {}

    def data_received(self, data: bytes) -> None:
        known = self._prepared.get(data)
        if known is None or self._rest:
            self._rest += data
            self._frames()
        else:
            self._prepared_answer(known)

    def _prepared_answer(self, known: Prepared) -> None:
        server, control, after, kind, registers, answers = known
        meter = self._meters.get(server)
        if meter is None or meter.expected != control or not meter.association.is_open:
            self._other(meter, control)
            return
        meter.version = version = meter.version + 1
        meter.expected = after
        meter.last_control = control
        meter.last = answer = answers[version % VERSIONS]
        self._write(answer)
        self._count(meter, kind, registers)

    def _other(self, meter: Meter | None, control: int) -> None:
        """A frame that is not the next: the last one again gets the last answer again."""
        if meter is None:
            self._ledger.unknown += 1
        elif control == meter.last_control:
            self._ledger.repeated += 1
            self._write(meter.last)
        else:
            self._ledger.out_of_order += 1

    def _count(self, meter: Meter, kind: int, registers: int) -> None:
        ledger = self._ledger
        ledger.asked[kind] += 1
        ledger.registers += registers
        now_s = time.monotonic()
        if registers and now_s - meter.began_s > self._half_s:
            meter.began_s = now_s
            ledger.begun.append((meter.number, now_s))

    def _frames(self) -> None:
        while True:
            frame, self._rest = self._plant.framing.split(self._rest)
            if not frame:
                return
            known = self._prepared.get(frame)
            if known is not None:
                self._prepared_answer(known)
            else:
                self._frame(frame)

    def _frame(self, frame: bytes) -> None:
        framing = self._plant.framing
        request = framing.parse(frame)
        meter = self._meters.get(request.server)
        source = framing.source(frame)
        if meter is None:
            self._ledger.unknown += 1
        elif framing.has_sequence and request.control & 1:
            self._unnumbered(meter, request, source)
        elif request.control != meter.expected:
            self._other(meter, request.control)
        else:
            self._request(meter, frame, request, source)

    def _unnumbered(self, meter: Meter, request: Frame, source: bytes) -> None:
        framing, was_connected = self._plant.framing, meter.expected >= 0
        self._drop_association(meter)
        if request.control == SNRM:
            meter.expected = 0x10
            self._write(framing.frame(request, source, UA, framing.ua))
        elif request.control == DISC:
            meter.expected = -1
            self._write(framing.frame(request, source, UA if was_connected else DM))
        else:
            self._ledger.unknown += 1

    def _drop_association(self, meter: Meter) -> None:
        self._ledger.associations -= meter.association.is_open
        meter.association.is_open = False
        meter.last_control = -1

    def _request(self, meter: Meter, frame: bytes, request: Frame, source: bytes) -> None:
        framing, association = self._plant.framing, meter.association
        apdu = framing.apdu(request)
        same = association.plain_answers(apdu)
        if same is not None:
            kind, registers, apdus = same
            answers = tuple(framing.answer(request, source, one) for one in apdus)
            after = framing.after(request.control)
            known = Prepared(request.server, request.control, after, kind, registers, answers)
            self._prepared[frame] = known
            self._prepared_answer(known)
            return
        was_open = association.is_open
        meter.version += 1
        kind, registers, answer = association.answer(apdu, meter.version)
        self._ledger.associations += association.is_open - was_open
        meter.expected = framing.after(request.control)
        meter.last_control = request.control if framing.has_sequence else -1
        meter.last = framing.answer(request, source, answer)
        self._write(meter.last)
        self._count(meter, kind, registers)


async def listen(plant: Plant, converters: int, behind: int = 1, port: int = 0, first: int = 0) -> tuple[int, list]:
    """Listen on an address for each converter and return the port and the servers.

    Args:
        plant: what the meters share.
        converters: how many addresses.
        behind: meters on each.
        port: 0 takes any that the first address has free.
        first: how many addresses before these belong to other processes.
    """
    loop, servers = asyncio.get_running_loop(), []
    for number in range(first, first + converters):
        make = functools.partial(Connection, plant, number * behind, behind)
        server = await loop.create_server(make, address(number), port, backlog=8)
        port = port or server.sockets[0].getsockname()[1]
        servers.append(server)
    return port, servers


async def serve(arguments: argparse.Namespace) -> None:
    """Listen, say so, and take commands until standard input ends."""
    plant = Plant(
        arguments.framing,
        lists=arguments.list,
        ciphered=arguments.ciphered,
        interval_s=arguments.interval,
        history_days=arguments.history,
    )
    converters = arguments.meters // arguments.behind
    port, _ = await listen(plant, converters, arguments.behind, arguments.port, arguments.first)
    gc.collect()
    gc.freeze()
    print(json.dumps({"port": port, "converters": converters, "behind": arguments.behind}), flush=True)
    commands = {"counts": plant.ledger.counts, "begun": lambda: plant.ledger.begun, "clear": plant.ledger.clear}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(commands[line.decode().strip()]()), flush=True)


def allow_files(count: int) -> None:
    """Let the process open ``count`` files, and its children too.

    Raises:
        ValueError: the system does not allow so many; name fewer meters.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def files_allowed() -> int:
    """Return how many files a process may open at most."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=1)
    parser.add_argument("--behind", type=int, default=1, help="meters behind one address")
    parser.add_argument("--first", type=int, default=0, help="addresses before these that belong to other processes")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--framing", choices=("hdlc", "wrapper"), default="hdlc")
    parser.add_argument("--ciphered", action="store_true")
    parser.add_argument("--list", action=argparse.BooleanOptionalAction, default=True, help="offer GET-WITH-LIST")
    parser.add_argument("--interval", type=float, default=float("inf"), help="seconds from one cycle to the next")
    parser.add_argument("--history", type=float, default=0, metavar="DAYS", help="so far load profiles reach back")
    arguments = parser.parse_args()
    allow_files(2 * arguments.meters // arguments.behind + 64)
    with socket.socket() as probe:  # said here, not by the ten-thousandth of them
        probe.bind((address(arguments.first), arguments.port))
    uvloop.run(serve(arguments))


if __name__ == "__main__":
    main()
