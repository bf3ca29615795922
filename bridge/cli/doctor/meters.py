"""The doctor on one meter: name, port, framing, association, one register. Read by the bridge, or directly.

Rules
    A meter is asked through the bridge that runs, wherever one does: many allow one session at a time.
    One attempt a meter. None when it refused this secret before, or when the bridge leaves it alone: trying locks it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bridge.cli.doctor.finding import Finding, bad, good, left_out
from bridge.cli.doctor.other_framing import other_framing
from bridge.cli.doctor.single_reading import SingleReading, read_once
from bridge.cli.duration import duration_text
from bridge.cli.secret_attempts import SecretAttempts
from bridge.cli.visit import SecretHeldBackError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.cli.running_bridge import RunningBridge
    from bridge.configuration.meter import Meter
    from bridge.errors import MeterError
    from bridge.meters.counter_store import CounterStore
    from bridge.meters.refused_secrets import HeldBack, RefusedSecrets

_BY_STAGE: Final = {
    "dns": ("doctor.meter.dns", "doctor.meter.dns.fix"),
    "tcp": ("doctor.meter.tcp", "doctor.meter.tcp.fix"),
    "timeout": ("doctor.meter.timeout", "doctor.meter.timeout.fix"),
    "framing": ("doctor.meter.framing", "doctor.meter.framing.fix"),
    "association": ("doctor.meter.association", "doctor.meter.association.fix"),
    "auth": ("doctor.meter.auth", "doctor.meter.auth.fix"),
    "access": ("doctor.meter.access", "doctor.meter.access.fix"),
    "decode": ("doctor.meter.decode", "doctor.meter.decode.fix"),
}
_SAID_BY_REMEDY = ("dns", "tcp", "timeout", "auth")
"""Stages whose errors' own hints say no more than the remedy."""
_PERHAPS_KEYS = ("association", "timeout", "decode")
"""The stages at which a meter fails that cannot decipher our messages: silence, or a refusal without a reason."""


def judge_error(name: str, stage: str, said: str, hint: str = "") -> Finding:
    """Return the finding that says in which stage the meter ``name`` failed."""
    key, fix = _BY_STAGE.get(stage, ("doctor.meter.other", "doctor.meter.other.fix"))
    detail = f"{said} | {hint}" if hint and stage not in _SAID_BY_REMEDY else said
    return bad(key, fix, stage, detail, name=name)


class ThroughBridge:
    """Meters as the running bridge sees them.

    Args:
        bridge: its health server.
        report: its status report.
    """

    def __init__(self, bridge: RunningBridge, report: Mapping[str, Any]) -> None:
        self._bridge = bridge
        self._rows: dict[str, Mapping[str, Any]] = {row["name"]: row for row in report["meters"]}
        self._off = {wrong["meter"] for wrong in report["wrong"] if wrong["what"] == "clock"}

    @property
    def names(self) -> list[str]:
        """The meters that it reads."""
        return list(self._rows)

    async def check(self, name: str) -> list[Finding]:
        """Return how the meter is, read anew where the last reading does not tell."""
        row = self._rows.get(name)
        if row is None:
            return [bad("doctor.meter.unknown", "doctor.meter.unknown.fix", "config", name=name)]
        if row["state"] == "left alone":
            return [_left_alone(row)]
        if row["state"] == "reading":
            return [
                good("doctor.meter.reading", name=name, ago=duration_text(row["last_value_ago_s"] or 0.0)),
                *self._drift(row),
            ]
        if row["last_error_stage"] != "auth" and self._bridge.is_here:
            answer = await asyncio.to_thread(self._read, name)
            if "values" in answer:
                return [good("doctor.meter.read_now", name=name, count=len(answer["values"])), *self._drift(row)]
            if "stage" in answer:
                return [judge_error(name, answer["stage"], answer["error"], answer.get("hint", ""))]
        return [_as_reported(row)]

    def _drift(self, row: Mapping[str, Any]) -> list[Finding]:
        if row["name"] not in self._off:
            return []
        drift = f"{row['clock_drift_s'] or 0.0:+.0f}"
        return [bad("doctor.meter.clock", "doctor.meter.clock.fix", "clock", "", name=row["name"], drift_s=drift)]

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return self._bridge.read(name)
        except (OSError, ValueError):
            return {}  # then the report has to do


def _left_alone(row: Mapping[str, Any]) -> Finding:
    minutes = round((row["next_attempt_in_s"] or 0) / 60)
    return bad(
        "doctor.meter.left_alone",
        "doctor.meter.left_alone.fix",
        row["last_error_stage"] or "auth",
        row["last_error"],
        name=row["name"],
        minutes=minutes,
    )


def _as_reported(row: Mapping[str, Any]) -> Finding:
    name = row["name"]
    if row["state"] == "failing":
        return judge_error(name, row["last_error_stage"], row["last_error"])
    if row["state"] == "late":
        ago = duration_text(row["last_value_ago_s"] or 0.0)
        return bad("doctor.meter.late", "doctor.meter.late.fix", "timeout", name=name, ago=ago)
    return left_out("doctor.meter.starting", name=name)


class DirectMeters:
    """Meters asked over connections of our own; for when no bridge runs.

    Args:
        refusals: which secrets were refused before.
        counters: the invocation counters, shared with the bridge.
        connect_timeout_s: for a TCP connection.
        at_once: connections open at the same time.
    """

    def __init__(
        self, refusals: RefusedSecrets, counters: CounterStore, *, connect_timeout_s: float, at_once: int = 16
    ) -> None:
        self._refusals = refusals
        self._counters = counters
        self._connect_timeout_s = connect_timeout_s
        self._room = asyncio.Semaphore(at_once)
        self._lines: dict[tuple[str, int], asyncio.Lock] = {}
        self.readings: list[SingleReading] = []
        """What came of each meter, with the frames of those that failed; for the support bundle."""

    async def check(self, meter: Meter) -> list[Finding]:
        """Ask one meter, once. Those behind the same address wait for one another."""
        if meter.calling.calls:
            return [left_out("doctor.meter.calls", name=meter.name)]
        line = self._lines.setdefault((meter.host.lower(), meter.port), asyncio.Lock())
        async with line, self._room:
            return await self._check(meter)

    async def _check(self, meter: Meter) -> list[Finding]:
        attempts = SecretAttempts(self._refusals, meter.host, meter.port, meter.server)
        held = await asyncio.to_thread(attempts.held, meter.client, meter.secret)
        if held is not None:
            return [_held_back(meter.name, held)]
        once = replace(meter, retries=0, registers=meter.registers[:1], attributes=())
        try:
            reading = await read_once(once, self._counters, attempts, connect_timeout_s=self._connect_timeout_s)
        except SecretHeldBackError as error:
            return [_held_back(meter.name, error.held)]
        self.readings.append(reading)
        if reading.error is None:
            ms = round(reading.took_s * 1000)
            values = {"name": meter.name, "milliseconds": ms, "register": reading.key, "value": reading.shown}
            return [good("doctor.meter.answers", **values)]
        return [await self._failure(meter, reading, reading.error)]

    async def _failure(self, meter: Meter, reading: SingleReading, error: MeterError) -> Finding:
        """Return what the failure was; a meter that says nothing is greeted in another framing before that is said."""
        name, said = meter.name, str(error)
        if reading.opened and not reading.heard:
            speaks = await other_framing(meter, connect_timeout_s=self._connect_timeout_s)
            if speaks is not None:
                values = {"name": name, "framing": meter.framing, "speaks": speaks}
                return bad("doctor.meter.wrong_framing", "doctor.meter.wrong_framing.fix", "framing", said, **values)
        if reading.heard and meter.keys is not None and error.stage in _PERHAPS_KEYS and not reading.associated:
            return bad("doctor.meter.keys", "doctor.meter.keys.fix", error.stage, said, name=name)
        return judge_error(name, error.stage, said, error.hint)


def _held_back(name: str, held: HeldBack) -> Finding:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.last_s)) if held.last_s else "-"
    if held.reason == "same":
        return bad("doctor.meter.held_same", "doctor.meter.auth.fix", "auth", "", name=name, when=when)
    if held.reason == "many":
        return bad(
            "doctor.meter.held_many", "doctor.meter.auth.fix", "auth", "", name=name, when=when, count=held.count
        )
    return left_out("doctor.meter.held_forgetful", "doctor.meter.held_forgetful.fix", name=name)
