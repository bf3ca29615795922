"""``bridge read METER``: one reading of a configured meter, as a table or as JSON; registers or a load profile.

A meter is asked through the running bridge where there is one, for most meters allow one session. Else over a
connection of its own, which is released at the end, after an error, and after Ctrl-C.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.cli.configured_meter import ConfiguredMeter
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG
from bridge.cli.progress import ticking
from bridge.cli.read.history_reading import HistoryReading
from bridge.cli.read.read_output import ReadOutput
from bridge.cli.read.read_request import read_request
from bridge.cli.register_reading import RegisterReader, RegisterReading
from bridge.cli.running_bridge import find_bridge, health_port
from bridge.clock.machine import wall_s
from bridge.dlms.obis_names import key_of, short_obis
from bridge.errors import MeterError
from bridge.meters.recording import Recorder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.read.read_request import ReadRequest
    from bridge.cli.running_bridge import RunningBridge
    from bridge.cli.terminal import Terminal
    from bridge.cli.visit import Visit
    from bridge.dlms.history import HistoryLayout
    from bridge.dlms.load_profile import ProfileRow

_CLASSES = (3, 1, 4, 5, 8)
"""Tried in turn if no class is given: register, data, extended register, demand register, clock."""
_WRONG_CLASS = (4, 9, 11)
"""Data-access-results that may mean another class: object undefined, class inconsistent, object unavailable."""


def read_meter(arguments: argparse.Namespace, environ: Mapping[str, str], say: Catalogue, terminal: Terminal) -> int:
    """Read and return the exit code.

    Raises:
        ConfigError: the settings, or what was asked for, cannot be used.
    """
    wanted = read_request(arguments, say)
    configured = ConfiguredMeter.named(arguments.meter, environ, say)
    command = _ReadCommand(arguments, say=say, terminal=terminal, configured=configured, wanted=wanted)
    if not arguments.direct:
        found = find_bridge(health_port(environ))
        if found is not None:
            return command.through(found[0])
    return command.directly()


class _ReadCommand:
    """One ``bridge read``."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        *,
        say: Catalogue,
        terminal: Terminal,
        configured: ConfiguredMeter,
        wanted: ReadRequest,
    ) -> None:
        self._say = say
        self._terminal = terminal
        self._configured = configured
        self._meter = meter = configured.meter
        self._wanted = wanted
        self._shown = ReadOutput(meter.name, say, terminal, as_json=arguments.json)
        self._record: str = arguments.record

    def through(self, bridge: RunningBridge) -> int:
        """Have the running bridge read the meter."""
        meter = self._meter
        if not self._wanted.is_usual or self._record:
            return self._fail(self._say("read.running", name=meter.name))
        if not bridge.is_here:
            return self._fail(self._say("read.elsewhere", name=meter.name))
        began_s = time.monotonic()
        try:
            answer = bridge.read(meter.name)
        except (OSError, ValueError) as error:
            return self._fail(self._say("read.no_answer", said=error))
        took_s = time.monotonic() - began_s
        if "error" in answer:
            hint = answer.get("hint", "")
            return self._fail(f"{answer['error']} | {hint}" if hint else str(answer["error"]))
        values: dict[str, Any] = answer.get("values", {})
        reads = [
            (register.key, RegisterReading(register.class_id, register.logical_name, values.get(register.key)))
            for register in meter.registers
        ]
        self._shown.reading(reads, answer.get("ts", 0) / 1000, took_s, "read.through")
        return ALL_WELL

    def directly(self) -> int:
        """Read the meter over a connection of our own."""
        if objection := self._configured.objection(self._say):
            return self._fail(objection)
        try:
            if not self._record:
                return asyncio.run(self._read(None))
            with Path(self._record).open("w", encoding="utf-8") as file:
                code = asyncio.run(self._read(file))
            self._shown.recorded(self._record)
        except MeterError as error:
            return self._fail(f"{self._meter.name}: {error}" + (f" | {error.hint}" if error.hint else ""))
        except OSError as error:
            return self._fail(self._say("read.unwritable", file=self._record, said=error.strerror or error))
        return code

    async def _read(self, record: TextIO | None) -> int:
        watch = Recorder(record, self._meter) if record is not None else None
        with self._terminal.progress(lines=not self._shown.as_json) as progress:
            progress.show(self._say("read.connecting", name=self._meter.name))
            began_s, at_s = time.monotonic(), wall_s()
            async with ticking(progress), self._configured.visit(watch) as talk:
                if self._wanted.load_profile:
                    rows = await self._load_profile(talk, progress.show)
                else:
                    asking = RegisterReader(talk)
                    reads = [await self._one(asking, key, *what) for key, what in self._what()]
        if self._wanted.load_profile:
            self._shown.rows(*rows)
            return ALL_WELL
        self._shown.reading(reads, at_s, time.monotonic() - began_s, "read.direct")
        return ALL_WELL if any(one.value is not None for _, one in reads) else SOMETHING_WRONG

    def _what(self) -> list[tuple[str, tuple[int | None, str, int]]]:
        """Return what is read: key, and class (None to find out), logical name, attribute."""
        meter, wanted = self._meter, self._wanted
        if not wanted.codes:
            return [(one.key, (one.class_id, one.logical_name, one.attribute)) for one in meter.registers]
        known = {one.logical_name: one for one in (*meter.attributes, *meter.registers)}
        what: list[tuple[str, tuple[int | None, str, int]]] = []
        for code in wanted.codes:
            register = known.get(code)
            class_id = wanted.class_id or (register.class_id if register else None)
            key = register.key if register and wanted.attribute == register.attribute else key_of(code)
            what.append((key, (class_id, code, wanted.attribute)))
        return what

    async def _one(
        self, asking: RegisterReader, key: str, class_id: int | None, code: str, attribute: int
    ) -> tuple[str, RegisterReading]:
        if class_id is not None:
            return key, await asking.read(class_id, code, attribute)
        for guess in _CLASSES:
            read = await asking.read(guess, code, attribute)
            if read.refusal not in _WRONG_CLASS:
                break
        return key, read

    async def _load_profile(
        self, talk: Visit, tell: Callable[[str], None]
    ) -> tuple[HistoryLayout, Sequence[ProfileRow]]:
        now_s = wall_s()
        reading = HistoryReading(talk, now_s, datetime.fromtimestamp(now_s).astimezone().tzinfo or UTC)
        of = await reading.layout(self._wanted.load_profile)
        tell(self._say("read.rows", code=short_obis(self._wanted.load_profile)))
        return of, await reading.rows(of, self._wanted)

    def _fail(self, said: str) -> int:
        self._shown.failure(said)
        return SOMETHING_WRONG
