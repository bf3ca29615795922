"""Messages built of rows by the rules of the tests, and read again as strict JSON."""

from __future__ import annotations

import json

from bridge.delivery.messages import Message, Room, TelemetryBuilder
from bridge.outbox.row import Row


def row(number: int, device: str = "main", text: str = '{"v":1}', ts_ms: int | None = None) -> Row:
    return Row(number, "meter", number * 1000 if ts_ms is None else ts_ms, text, device)


def built(rows: list[Row], room: Room | None = None, *, as_device: bool = False) -> tuple[Message, int]:
    """The message that the first of the rows make, and how many those are."""
    builder, count = TelemetryBuilder(room or Room(), as_device=as_device), 0
    for one in rows:
        if not builder.add(one):
            break
        count += 1
    return builder.message(), count


def strict(payload: bytes | str):
    def refuse(name):
        raise ValueError(name)

    return json.loads(payload, parse_constant=refuse)
