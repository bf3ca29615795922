"""A meter's refusals of its password or key, remembered over restarts, so that attempts never add up to what locks it.

Between the poller and ``refusals.py``: what blocks is done on a thread, and what goes wrong there is logged and no
reason not to read the meter. Decides nothing about the time between two attempts; ``recovery.py`` does.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.meters.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.account import Account
    from bridge.meters.meter import Meter
    from bridge.meters.recovery import Recovery

T = TypeVar("T")


class Restraint:
    """What is remembered of one meter's refusals.

    Args:
        meter: whose.
        refusals: the file; None remembers nothing.
        recovery: knows how long the meter is left alone after how many.
        account: is told what goes wrong with the file.
        clock_s: wall clock, Unix seconds.
    """

    __slots__ = ("_account", "_clock_s", "_recovery", "_refusals", "_secret", "_wheres")

    def __init__(
        self,
        meter: Meter,
        refusals: Refusals | None,
        recovery: Recovery,
        account: Account,
        clock_s: Callable[[], float],
    ) -> None:
        self._secret = b"\0".join(meter.secrets)
        self._refusals = refusals if self._secret else None
        # Nobody knows whether a meter locks one client or all; there is no client 0, it stands for the meter.
        self._wheres = [Refusals.where(meter.host, meter.port, meter.server, client) for client in (meter.client, 0)]
        self._recovery = recovery
        self._account = account
        self._clock_s = clock_s

    async def held_back(self) -> float:
        """Return for how many seconds the meter is left alone for refusals that its recovery has not counted.

        A bridge that is started again and again, and what a technician tries beside it, count like its own.
        """
        refusals, where = self._refusals, self._wheres[0]
        if refusals is None or not await self._on_disk(refusals.remembers, where):
            return 0.0
        held = await self._on_disk(refusals.holds_back, where, self._secret)
        known = self._recovery.refusals
        if held is None:
            # This one may be tried. If it is refused, it is another of the few that there are.
            self._recovery.remember(max(known, 1), inf)
            return 0.0
        if held.count <= known:
            return 0.0
        return self._recovery.remember(held.count, max(self._clock_s() - held.last_s, 0.0))

    async def refused(self) -> None:
        """Remember that the meter refused its password or key."""
        if self._refusals is not None:
            for where in self._wheres:
                await self._on_disk(self._refusals.refused, where, self._secret)

    async def accepted(self) -> None:
        """Forget the refusals, if there were any: the meter took its password or key."""
        if self._recovery.accepted() and self._refusals is not None:
            for where in self._wheres:
                await self._on_disk(self._refusals.accepted, where)

    async def _on_disk(self, work: Callable[..., T], *args: Any) -> T | None:
        try:
            return await asyncio.to_thread(work, *args)
        except Exception as error:  # noqa: BLE001 - whatever is in that file, the meter is to be read
            self._account.unforeseen(error)
            return None
