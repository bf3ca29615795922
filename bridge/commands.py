"""What may be asked of a meter from outside while the bridge runs: read it, reconnect to it, change its interval.

Between the wings: delivery hears the call, a poller carries it out, and neither knows the other. Every answer is plain
data; an error is an answer too, never an exception.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bridge.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.meters.poller import Poller

METHODS = ("getStats", "read", "reconnect", "setInterval")
PATIENCE_S = 8.0
"""ThingsBoard waits 10 s for the answer to a two-way call."""
_SHORTEST_S, _LONGEST_S = 0.1, 86400.0  # as in the settings


class Commands:
    """Carries out calls.

    Args:
        pollers: by device name in ThingsBoard.
        clock_s: wall clock, Unix seconds.
    """

    def __init__(self, pollers: Mapping[str, Poller], *, clock_s: Callable[[], float]) -> None:
        self._pollers = pollers
        self._clock_s = clock_s

    async def carry_out(self, device: str, method: str, params: Any) -> dict[str, Any]:
        """Do what ``method`` asks of ``device`` and return the answer: data, or ``{"error": …}``."""
        poller = self._pollers.get(device)
        if poller is None:
            return {"error": f"no device {device!r} behind this gateway"}
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._do(poller, method, params)
        except TimeoutError:
            return {
                "error": f"not done within {PATIENCE_S:g} s; the meter or its line is slow, or others wait before it"
            }
        except MeterError as error:
            return {"error": str(error), "stage": error.stage, "hint": error.hint}

    async def _do(self, poller: Poller, method: str, params: Any) -> dict[str, Any]:
        match method:
            case "getStats":
                return self._stats(poller)
            case "read":
                sample = await poller.read_now()
                return {"ts": sample.ts_ms, "values": {value.key: value.value for value in sample.values}}
            case "reconnect":
                poller.reconnect()
                return {"success": True}
            case "setInterval":
                return _set_interval(poller, params)
            case _:
                return {"error": f"unknown method {method!r}; known: {', '.join(METHODS)}"}

    def _stats(self, poller: Poller) -> dict[str, Any]:
        state, now_s = poller.state, self._clock_s()
        error = state.last_error
        return {
            "state": state.condition,
            "lastSuccess": None if state.last_success_s is None else round(state.last_success_s * 1000),
            "cyclesOk": state.cycles_ok,
            "cyclesFailed": state.cycles_failed,
            "success5min": state.success(5, now_s),
            "success1h": state.success(60, now_s),
            "reconnects": state.reconnects,
            "interval": poller.interval_s,
            "lastError": None if error is None else f"{error.stage}: {error}",
        }


def _set_interval(poller: Poller, params: Any) -> dict[str, Any]:
    wanted = params.get("interval") if isinstance(params, dict) else params
    if isinstance(wanted, bool) or not isinstance(wanted, int | float) or not _SHORTEST_S <= wanted <= _LONGEST_S:
        return {"error": f"interval must be a number of seconds from {_SHORTEST_S:g} to {_LONGEST_S:g}"}
    poller.set_interval(float(wanted))
    return {"success": True, "interval": float(wanted)}
