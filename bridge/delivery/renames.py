"""Renames: what ThingsBoard says of its devices' names and deletions, carried out.

A device that is renamed over there goes on under its old name in the session that has it open; in the next one a name
that ThingsBoard does not know makes a device. So in this order:

1. both names are *held*: the old one means this device here and perhaps another one over there, the new one the other
   way round. Nothing is sent, introduced or answered under a held name;
2. the new name is kept, and what waits on disk goes under it;
3. the session is made anew, when no rename was told for :data:`QUIET_S`: one that is told to no session is lost.

The gateway's calls ``gateway_device_renamed`` and ``gateway_device_deleted`` are ThingsBoard's own, which nobody waits
for: they are not answered. A rename while the bridge is not connected is not told, and not noticed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.delivery.names import Names
    from bridge.outbox.outbox import Outbox

RENAMED = "gateway_device_renamed"
DELETED = "gateway_device_deleted"
QUIET_S = 5.0
_AGAIN_S = 5.0  # until a disk that refuses is asked again


class Renames:
    """Runs on the event loop.

    Args:
        names: what the devices are called.
        outbox: where samples wait under their devices' names.
        pause: has nothing more sent for a device in this session.
        renew: has a new session made, for the reason given; :meth:`began` follows.
        forget: has a device that is gone introduced anew.
        drop: has a name that nobody goes by any more introduced never again.
    """

    def __init__(
        self,
        names: Names,
        outbox: Outbox,
        *,
        pause: Callable[[str], object],
        renew: Callable[[str], object],
        forget: Callable[[str], object],
        drop: Callable[[str], object],
    ) -> None:
        self._names = names
        self._outbox = outbox
        self._pause = pause
        self._renew = renew
        self._forget = forget
        self._drop = drop
        self._news = asyncio.Event()
        self._of_session = {one.old for one in names.pending}  # held for as long as this session lasts
        self.held: frozenset[str] = frozenset(self._of_session)
        """Names that mean nothing certain now."""

    def began(self) -> None:
        """A session began: it knows the names as they are."""
        for name in self._of_session:
            if self._names.meter_of(name) is None:
                self._drop(name)
        self._of_session.clear()
        self._hold()
        self._news.set()

    def hear(self, method: str, params: Any) -> bool:
        """Take a call for the gateway; False when it is none of these."""
        match method, params:
            case "gateway_device_renamed", dict():
                for old, new in params.items():
                    self._renamed(str(old), str(new))
            case "gateway_device_deleted", str(device):
                self._deleted(device)
            case _:
                return method in (RENAMED, DELETED)
        return True

    async def run(self) -> None:
        """Carry renames out until cancelled; those that an earlier run left first."""
        while True:
            self._news.clear()
            if self._names.pending:
                if not await self._follow():
                    await asyncio.sleep(_AGAIN_S)
                continue
            self._hold()
            if self._of_session and await self._is_quiet():
                self._renew("devices were renamed in ThingsBoard")
            elif self._of_session:
                continue
            await self._news.wait()

    async def _is_quiet(self) -> bool:
        try:
            async with asyncio.timeout(QUIET_S):
                await self._news.wait()
        except TimeoutError:
            return True
        return False

    def _renamed(self, old: str, new: str) -> None:
        meter = self._names.rename(old, new)
        if meter is None:
            logger.debug("upstream | {!r} was renamed {!r} in ThingsBoard, and is no meter's", old, new)
            return
        logger.info("upstream | the device of meter {} was renamed in ThingsBoard: {!r} → {!r}", meter, old, new)
        for one in self._names.pending:
            self._of_session |= {one.old, one.new}
        self._hold()
        for name in self._of_session:
            self._pause(name)
        self._news.set()

    def _deleted(self, device: str) -> None:
        meter = self._names.meter_of(device)
        if meter is None:
            return
        logger.bind(stage="upstream").warning(
            "upstream | device {!r} of meter {} was deleted in ThingsBoard | it is made anew, for the meter is still "
            "read; take the meter out of the settings if it is gone", device, meter,
        )  # fmt: skip
        self._forget(device)

    def _hold(self) -> None:
        self.held = frozenset(self._of_session | {one.old for one in self._names.pending})

    async def _follow(self) -> bool:
        """Keep the names, and have what is on disk follow; False when the disk refuses."""
        if not await self._save():
            return False
        # Whoever has the old name by now is another meter, whose rows stay under it.
        for renamed in tuple(self._names.pending):
            spare = self._names.keys() - {renamed.meter}
            if not await self._outbox.rename(renamed.old, renamed.new, spare=spare):
                return False
            self._names.settled(renamed)
            self._of_session.add(renamed.old)  # what this session has taken note of under it is no longer there
        await self._save()
        return True

    async def _save(self) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._names.save)
        except OSError as error:
            logger.bind(stage="disk").warning("upstream | the devices' names cannot be kept on disk: {}", error)
            return False
        return True
