"""A send queue on an outbox in memory, and how it is drained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.delivery.messages import Message, Room
from bridge.outbox.row import Row

if TYPE_CHECKING:
    from bridge.delivery.send_queue import SendQueue


class Shelf:
    """An outbox in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, Row] = {}
        self.last_id = 0
        self.aside: dict[int, str] = {}
        self.read = 0

    def add(self, *devices: str, count: int = 1, body: str = '{"v":1}') -> list[int]:
        """So many rows of each device, in turns."""
        new = []
        for _ in range(count):
            for device in devices:
                self.last_id += 1
                self.kept[self.last_id] = Row(self.last_id, device, self.last_id * 1000, body, device)
                new.append(self.last_id)
        return new

    async def index(self, *, after, limit):
        return [(number, row.device) for number, row in sorted(self.kept.items()) if number > after][:limit]

    async def rows(self, ids):
        self.read += len(ids)
        return [self.kept[number] for number in ids if number in self.kept]

    async def set_aside(self, ids, reason):
        for number in ids:
            self.aside[number] = reason
            del self.kept[number]


def begin(queue: SendQueue, *devices: str) -> None:
    queue.rewind()
    for device in devices:
        queue.open(device)


async def take(queue, room=None, *, now_s=0.0, rows=2000, may=lambda device: True, is_idle=False) -> Message | None:
    return await queue.take(room or Room(), now_s, rows=rows, may=may, is_idle=is_idle)


async def ids(queue, room=None, **more) -> list[int]:
    message = await take(queue, room, **more)
    return [] if message is None else list(message.ids)


async def drained(queue, room=None, **more) -> list[int]:
    taken = []
    while (window := await ids(queue, room, **more)) or queue.is_searching:
        taken += window
    return taken
