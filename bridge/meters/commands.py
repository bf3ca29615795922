"""What may be asked of a meter while the bridge runs: how it is, a reading, a new association, another interval.

Between the wings: delivery hears the call, a poller carries it out, and neither knows the other. Every answer is plain
data; an error is an answer too, never an exception. A dead meter is tried like any other: the answer says how it went.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeGuard

from bridge.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.meters.poller import Poller
    from bridge.meters.state import MeterState

METHODS = ("getStats", "read", "reconnect", "setInterval")
PATIENCE_S = 8.0
"""ThingsBoard waits 10 s for the answer to a two-way call."""
_SHORTEST_S, _LONGEST_S = 0.1, 86400.0  # as in the settings
_INTERVAL = "interval"


class Commands:
    """Carries out calls.

    Args:
        pollers: by the meter's name.
        clock_s: the clock of the pollers' states.
        wall_s: Unix seconds, for what is told as a time.
    """

    def __init__(
        self, pollers: Mapping[str, Poller], *, clock_s: Callable[[], float], wall_s: Callable[[], float] | None = None
    ) -> None:
        self._pollers = pollers
        self._clock_s = clock_s
        self._own_interval_s = {name: poller.interval_s for name, poller in pollers.items()}
        self._wall_s = wall_s or clock_s

    @property
    def meters(self) -> tuple[str, ...]:
        """The meters' names."""
        return tuple(self._pollers)

    async def carry_out(self, meter: str, method: str, params: Any) -> dict[str, Any]:
        """Do what ``method`` asks of ``meter`` and return the answer: data, or ``{"error": …}``."""
        poller = self._pollers.get(meter)
        if poller is None:
            return {"error": f"no meter {meter!r}; there {_are(self.meters)}"}
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._do(poller, method, params)
        except TimeoutError:
            return {"error": _unfinished(poller, method), "status": self._said(poller.state)}
        except MeterError as error:
            return {"error": str(error), "stage": error.stage, "hint": error.hint, "status": self._said(poller.state)}

    def configure(self, meter: str, values: Mapping[str, Any]) -> str:
        """Have a meter go by what ThingsBoard sets of it, and by the settings in all else.

        Args:
            meter: whose; an unknown one is passed over.
            values: all that is set: ``interval``.

        Returns:
            what is wrong with it, for people; nothing was changed then. Empty when all is well.
        """
        poller = self._pollers.get(meter)
        if poller is None:
            return ""
        interval_s = values.get(_INTERVAL, self._own_interval_s[meter])
        if isinstance(interval_s, str):  # whoever types a number into a dashboard may have made it text
            with suppress(ValueError):
                interval_s = float(interval_s)
        if not _is_interval(interval_s):
            return f"{_wrong_interval()}; it stays at {poller.interval_s:g} s"
        if interval_s != poller.interval_s:
            poller.set_interval(float(interval_s))
        return ""

    async def _do(self, poller: Poller, method: str, params: Any) -> dict[str, Any]:
        match method:
            case "getStats":
                return self._stats(poller)
            case "read":
                sample = await poller.read_now()
                return {"ts": sample.ts_ms, "values": {value.key: value.value for value in sample.values}}
            case "reconnect":
                began_s = asyncio.get_running_loop().time()
                await poller.reconnect()
                took_s = asyncio.get_running_loop().time() - began_s
                return {"success": True, "tookS": round(took_s, 2)}
            case "setInterval":
                return _set_interval(poller, params)
            case _:
                return {"error": f"unknown method {method!r}; a meter knows {', '.join(METHODS)}"}

    def _stats(self, poller: Poller) -> dict[str, Any]:
        state, now_s = poller.state, self._clock_s()
        error, last_s = state.last_error, state.last_success_s
        return {
            "state": state.condition,
            "status": self._said(state),
            "lastSuccess": None if last_s is None else round((self._wall_s() - (now_s - last_s)) * 1000),
            "cyclesOk": state.cycles_ok,
            "cyclesFailed": state.cycles_failed,
            "success5min": state.success(5, now_s),
            "success1h": state.success(60, now_s),
            "reconnects": state.reconnects,
            "interval": poller.interval_s,
            "lastError": None if error is None else f"{error.stage}: {error}",
        }

    def _said(self, state: MeterState) -> str:
        """How the meter is, in a sentence."""
        now_s, said = self._clock_s(), str(state.condition)
        if state.condition in ("failing", "left alone"):
            if state.failing_since_s is not None:
                said += f": no answer for {_span(now_s - state.failing_since_s)}"
            if state.last_error is not None:
                said += f", {state.last_error.stage}: {state.last_error}"
            if state.next_attempt_s is not None and state.next_attempt_s > now_s:
                said += f"; tried again in {_span(state.next_attempt_s - now_s)}"
        elif state.last_success_s is not None:
            said += f": last value {_span(now_s - state.last_success_s)} ago"
        return said


def _unfinished(poller: Poller, method: str) -> str:
    said, gap_s = f"not done within {PATIENCE_S:g} s", poller.reconnect_gap_s
    if gap_s >= PATIENCE_S and (method == "reconnect" or poller.state.condition != "reading"):
        return f"{said}, and under way: its profile leaves {gap_s:g} s between two connections to it"
    return f"{said}; the meter or its line is slow, or others wait before it"


def _set_interval(poller: Poller, params: Any) -> dict[str, Any]:
    wanted: Any = params.get(_INTERVAL) if isinstance(params, dict) else params
    if not _is_interval(wanted):
        return {"error": _wrong_interval()}
    poller.set_interval(float(wanted))
    return {"success": True, "interval": float(wanted)}


def _is_interval(wanted: object) -> TypeGuard[float]:
    return isinstance(wanted, int | float) and not isinstance(wanted, bool) and _SHORTEST_S <= wanted <= _LONGEST_S


def _wrong_interval() -> str:
    return f"interval must be a number of seconds from {_SHORTEST_S:g} to {_LONGEST_S:g}"


def _span(seconds: float) -> str:
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _are(names: tuple[str, ...]) -> str:
    if not names:
        return "are none"
    shown = ", ".join(names[:20])
    return f"are {shown} and {len(names) - 20} more" if len(names) > 20 else f"are {shown}"
