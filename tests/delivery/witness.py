"""What the server has in the end, and what it had when the outbox let go of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.delivery.rig import Rig
    from tests.fakes.thingsboard import ThingsBoard


def missing(server: ThingsBoard, count: int) -> set[int]:
    stored = {ts_ms for _, ts_ms in server.telemetry}
    return set(range(1, count + 1)) - stored


class Witness:
    """Looks at ThingsBoard's database at the moment in which the outbox lets go of a sample."""

    def __init__(self, rig: Rig, server: ThingsBoard) -> None:
        self.early: list[int] = []
        self._server, self._outbox, self._confirm = server, rig.outbox, rig.outbox.confirm
        rig.outbox.confirm = self._confirming

    async def _confirming(self, ids) -> None:
        stored = {ts_ms for _, ts_ms in self._server.telemetry}
        self.early += [row.ts_ms for row in await self._outbox.rows(list(ids)) if row.ts_ms not in stored]
        await self._confirm(ids)
