"""Calls to the gateway itself, from a phone say: how everything is, what is wrong, one meter's reading or reconnect.

A call names its meter, by the meter's own name or its device's in ThingsBoard; ``meters/commands.py`` carries it out.
Answers are plain data and fit into one message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bridge.meters import commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.health.report import MeterRow, StatusReport
    from bridge.meters.commands import Commands

METHODS = ("getStats", "status", "meters", *commands.METHODS[1:], "restart")
_OF_A_METER = {"read": "read", "reconnect": "reconnect", "restart": "reconnect", "setInterval": "setInterval"}
_MOST = 50
"""Lines in one answer."""


class GatewayCalls:
    """Carries out calls to the gateway and passes on those to meters.

    Args:
        meters: the meters' commands as they are now.
        report: how everything is now.
        meter_of: a meter by its device's name in ThingsBoard; None if there is none.
    """

    def __init__(
        self,
        meters: Callable[[], Commands],
        *,
        report: Callable[[], StatusReport],
        meter_of: Callable[[str], str | None],
    ) -> None:
        self._meters = meters
        self._report = report
        self._meter_of = meter_of

    async def carry_out(self, meter: str, method: str, params: Any) -> dict[str, Any]:
        """Do what ``method`` asks of ``meter``, or of the gateway where that is empty; return the answer."""
        if meter:
            return await self._meters().carry_out(meter, method, params)
        match method:
            case "getStats":
                report = await self._reported()
                return {**report.figures(), "version": report.version, "status": report.line()}
            case "status":
                report = await self._reported()
                wrong = [one.said for one in report.wrong]
                return {"status": report.line(), "wrong": _cut(wrong)}
            case "meters":
                rows = (await self._reported()).meters
                return {"meters": _cut([_line(row) for row in rows]), "count": len(rows)}
            case _ if method in _OF_A_METER:
                return await self._of_a_meter(method, params)
            case _:
                return {"error": f"unknown method {method!r}; the gateway knows {', '.join(METHODS)}"}

    async def _of_a_meter(self, method: str, params: Any) -> dict[str, Any]:
        named = params.get("meter") if isinstance(params, dict) else params
        meters = self._meters()
        if not isinstance(named, str) or not named:
            return {"error": f'{method} needs the meter: {{"meter": "NAME"}}; there are {_names(meters)}'}
        meter = named if named in meters.meters else self._meter_of(named)
        if meter is None:
            return {"error": f"no meter {named!r}; there are {_names(meters)}"}
        answer = await meters.carry_out(meter, _OF_A_METER[method], params)
        return {"meter": meter, **answer}

    async def _reported(self) -> StatusReport:
        return await asyncio.to_thread(self._report)  # a fleet's takes a moment


def _line(row: MeterRow) -> str:
    missing = f", {row.intervals_missing} intervals missing" if row.intervals_missing else ""
    return f"{row.name}: {row.state}{missing}"


def _names(meters: Commands) -> str:
    return ", ".join(_cut(list(meters.meters))) or "none"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f"and {len(lines) - _MOST} more"]
