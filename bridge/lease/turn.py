"""A bridge's turn at its shard: from the moment when it may work until it has to let go.

It may work when it holds the lease of the shard, where there are witnesses, and the data folder. When the lease ends it
lets go of everything: the next turn begins as a bridge does that was just started, and asks the meters for all that
another may have changed meanwhile.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from bridge.lease.folder_lock import FolderLock
    from bridge.lease.holder import ShardLease
    from bridge.lease.state import LeaseState

_LOOK_EVERY_S, _RELEASE_S = 0.5, 15.0
_RELEASE_PATIENCE_S = 2.0


class ShardTurn:
    """One turn; made anew for the next.

    Args:
        lease: of the shard; None where none is needed.
        folder: the data folder.
        stop: set when the process is to end.
    """

    def __init__(self, lease: ShardLease | None, folder: FolderLock, stop: asyncio.Event) -> None:
        self._lease, self._folder, self._stop = lease, folder, stop
        self._asking: asyncio.Task[None] | None = None
        self._begun = self._folder_taken = False

    @property
    def lease(self) -> LeaseState | None:
        """The lease as it is now; None where none is needed."""
        return None if self._lease is None else self._lease.state

    @property
    def obtained(self) -> int:
        """1 once the lease was obtained, else 0."""
        return int(self._begun and self._lease is not None)

    @property
    def waits_for(self) -> str:
        """Why it does not work now, for people; empty while it does, and before it was looked. On any thread."""
        if self._asking is not None and self._lease is not None and (waits := self._lease.state.waits_for):
            return waits
        if self._begun and not self._folder_taken:
            return "waits for the data folder, which another process of the bridge has in use"
        return ""

    @property
    def let_go_s(self) -> float:
        """So long it may take to release the meters; then every connection is closed."""
        if self._lease is None or self._lease.permits_for_s > _RELEASE_S:
            return _RELEASE_S
        return max(0.0, self._lease.permits_for_s)

    async def begin(self) -> bool:
        """Wait until it may work; return False when the process is to end before."""
        if self._lease is not None:
            self._asking = asyncio.create_task(self._lease.run(), name="lease")
            await self._first(self._lease.held())
        self._begun = not self._stop.is_set()
        while self._begun and not self._folder.take():
            self._folder.want()
            await self._first(asyncio.sleep(_LOOK_EVERY_S), self._until_left())
            if self._is_over():
                return False
        self._folder.want_no_more()
        self._folder_taken = self._begun
        return self._begun

    async def end(self) -> bool:
        """Wait until it has to let go; return whether that is because the lease ends, and not the process."""
        await self._first(self._until_left())
        if self._stop.is_set():
            return False
        logger.warning("lease | its end is near and it was not renewed: the meters are released, nothing is read")
        return True

    async def give_back(self) -> None:
        """Give back what is held; nothing of the shard may be at work any more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking
        if self._lease is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RELEASE_PATIENCE_S):
                    await self._lease.release()
        self._folder.give_back()

    def _is_over(self) -> bool:
        return self._stop.is_set() or (self._lease is not None and not self._lease.permits())

    async def _until_left(self) -> None:
        if self._lease is None:
            await self._stop.wait()
        else:
            await self._lease.leaving()

    async def _first(self, *awaited: Coroutine[Any, Any, object]) -> None:
        """Wait for the first of them, or for the end of the process; a bug in asking for the lease is raised."""
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(one) for one in (*awaited, self._stop.wait())]
        asking = [self._asking] if self._asking is not None and not self._asking.done() else []
        try:
            await asyncio.wait([*tasks, *asking], return_when=asyncio.FIRST_COMPLETED)
            if self._asking is not None and self._asking.done():
                self._asking.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
