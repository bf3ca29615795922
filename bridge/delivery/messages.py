"""Samples to ThingsBoard's topics and JSON. Pure: no clock, no disk, no network.

What leaves here is taken by every ThingsBoard, by construction: on MQTT 3.1.1 it closes the session on a message that
it cannot read, and the message would come again for ever. Hence:

* a row's body is written as ``outbox/body.py`` has it;
* a message stays under :data:`MAX_BYTES` and within the limits that its builder is given.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from bridge.outbox.json_text import literal, quoted, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.outbox.row import Row
    from bridge.sample import Sample

TELEMETRY = "v1/gateway/telemetry"
DEVICE_TELEMETRY = "v1/devices/me/telemetry"
MAX_BYTES = 60_000
"""ThingsBoard's own bound is 65,536 by default; the rest is for topic and headers."""

_NO_LEVELS = str.maketrans("/+#\0", "____")
_FORMS = 1024  # kinds of meters whose JSON is kept ready; more than there are profiles


@dataclass(eq=False, slots=True)
class Message:
    """One MQTT message, what it carries and what ThingsBoard counts for it. Two are the same only if they are one.

    Args:
        topic: where it goes.
        payload: its bytes.
        ids: the rows that it carries.
        devices: data points by device: ThingsBoard counts a telemetry message for each device, and its points.
        regular: regular messages that ThingsBoard counts for it.
        is_own: whether it is about the gateway itself, which only the tenant's limits count.
        answer: the topic that its answer comes on (for devices behind the gateway with the request's number behind
            it); empty for a message that is not a question.
        is_alone: whether nothing else may be on the way with it.
    """

    topic: str
    payload: bytes
    ids: tuple[int, ...] = ()
    devices: Mapping[str, int] = field(default_factory=dict)
    regular: int = 0
    is_own: bool = False
    answer: str = ""
    is_alone: bool = False

    @property
    def size_bytes(self) -> int:
        """What it takes on the line, about: packet, headers of TCP and IP, its receipt."""
        return len(self.payload) + len(self.topic) + 90

    @property
    def entries(self) -> int:
        """Telemetry messages that ThingsBoard counts."""
        return len(self.devices)

    @property
    def points(self) -> int:
        """Data points that ThingsBoard counts."""
        return sum(self.devices.values())


@dataclass(frozen=True, slots=True)
class Room:
    """What a message may have.

    Args:
        max_bytes: of payload.
        entries: devices in it.
        points: data points in all.
        device_points: data points of a device, by its name; None sets no limit.
    """

    max_bytes: int = MAX_BYTES
    entries: float = math.inf
    points: float = math.inf
    device_points: Callable[[str], float] | None = None


class TelemetryBuilder:
    """A telemetry message that is being filled.

    Args:
        room: what it may have. The first row may pass every bound but the bytes: it cannot be divided.
        as_device: whether the session is the meter's own and no gateway's; then there is one device, and no name.
    """

    def __init__(self, room: Room, *, as_device: bool = False) -> None:
        self._room = room
        self._as_device = as_device
        self._ids: list[int] = []
        self._entries: dict[str, list[str]] = {}
        self._device_points: Counter[str] = Counter()
        self._points = 0
        self._bytes = 2  # the braces

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it yet."""
        return not self._ids

    def add(self, row: Row) -> bool:
        """Put a row in; False when the message has no room for it.

        Raises:
            ValueError: no message can carry it: set it aside. The text says why.
        """
        points = points_of(row.body)
        name = "" if self._as_device else quoted(row.device)
        entry = f'{{"ts":{row.ts_ms},"values":{row.body}}}'
        size = self._bytes + len(entry) + (1 if row.device in self._entries else len(name) + 4)
        if not self._ids and size > MAX_BYTES:
            raise ValueError(f"{size} bytes of JSON, more than the {MAX_BYTES} that a message may have")
        if self._ids and not self._takes(row.device, size, points):
            return False
        self._bytes = size
        self._entries.setdefault(row.device, []).append(entry)
        self._device_points[row.device] += points
        self._points += points
        self._ids.append(row.id)
        return True

    def message(self) -> Message:
        """The message, as it is now."""
        devices = dict(self._device_points)
        if self._as_device:
            entries = ",".join(entry for entries in self._entries.values() for entry in entries)
            return Message(DEVICE_TELEMETRY, f"[{entries}]".encode(), tuple(self._ids), devices)
        said = ",".join(f"{quoted(device)}:[{','.join(entries)}]" for device, entries in self._entries.items())
        return Message(TELEMETRY, f"{{{said}}}".encode(), tuple(self._ids), devices)

    def _takes(self, device: str, size: int, points: int) -> bool:
        room = self._room
        return (
            size <= min(room.max_bytes, MAX_BYTES)
            and (device in self._entries or len(self._entries) + 1 <= room.entries)
            and self._points + points <= room.points
            and (room.device_points is None or self._device_points[device] + points <= room.device_points(device))
        )


def live(sample: Sample) -> tuple[str, bytes]:
    """Topic and payload of the copy for local subscribers: a meter's latest values, with their units and doubts."""
    layout, texts = sample.layout, texts_of(sample.scalars)
    if texts and not sample.qualities and None not in texts:
        said = _live_form(layout.keys, layout.units) % tuple(texts)
    else:
        qualities = sample.qualities or ("",) * len(texts)
        said = ",".join(
            f'{quoted(key)}:{{"value":{text or "null"},"unit":{quoted(unit)}'
            + (f',"quality":{quoted(quality)}}}' if quality else "}")
            for key, text, unit, quality in zip(layout.keys, texts, layout.units, qualities, strict=True)
            if text is not None or quality
        )
    return live_topic(layout.meter), f'{{"ts":{sample.ts_ms},"values":{{{said}}}}}'.encode()


def live_topic(meter: str) -> str:
    """Where a meter's latest values lie for local subscribers; one level below ``meters/``, whatever its name."""
    return "meters/" + meter.translate(_NO_LEVELS)


def points_of(text: str) -> int:
    """How many keys a body has.

    Raises:
        ValueError: it is no JSON object: set the row aside.
    """
    try:
        values = orjson.loads(text)
    except ValueError:
        try:
            values = json.loads(text)  # takes more: a whole number of any length, half a surrogate pair
        except (ValueError, RecursionError):
            values = None
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a finding about the row, not about our call
    return len(values)


@lru_cache(_FORMS)
def _live_form(keys: tuple[str, ...], units: tuple[str, ...]) -> str:
    """The values of every live copy with these keys and units, with a ``%s`` for each."""
    return ",".join(
        f'{literal(key)}:{{"value":%s,"unit":{literal(unit)}}}' for key, unit in zip(keys, units, strict=True)
    )
