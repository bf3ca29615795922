"""Samples to ThingsBoard's topics and JSON. Pure: no clock, no disk, no network.

What leaves here is taken by every ThingsBoard, by construction: on MQTT 3.1.1 it closes the session on a message that
it cannot read, and the message would come again for ever. Hence:

* values are written as ``json_text.py`` has it;
* a message stays under :data:`MAX_BYTES` and under the server's limit of data points.

A value with a doubt has a second key beside it, ``<key>_quality``, whose value is the doubt as text. A value that is
nothing but a doubt has that key alone.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from bridge.delivery.json_text import quoted, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bridge.delivery.row import Row
    from bridge.sample import Sample

TELEMETRY = "v1/gateway/telemetry"
DEVICE_TELEMETRY = "v1/devices/me/telemetry"
MAX_BYTES = 60_000
"""ThingsBoard's own bound is 65,536 by default; the rest is for topic and headers."""

QUALITY = "_quality"
"""What a key's doubt is called: the key and this."""

_NO_LEVELS = str.maketrans("/+#\0", "____")
_FORMS = 1024  # kinds of meters whose JSON is kept ready; more than there are profiles


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message and the rows that are in it.

    Args:
        topic: where it goes.
        payload: its bytes.
        ids: the rows that it carries.
        points: data points in it, as ThingsBoard counts them: one a key and time stamp.
        devices: the same by device.
    """

    topic: str
    payload: bytes
    ids: tuple[int, ...]
    points: int
    devices: Mapping[str, int] = field(hash=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that no message can carry.

    Args:
        id: the row.
        reason: why, for a person.
    """

    id: int
    reason: str


def body(sample: Sample) -> str:
    """The sample's values as a JSON object, ready for the outbox; ``{}`` when none of them can be said in JSON."""
    keys, texts = sample.layout.keys, texts_of(sample.scalars)
    if texts and not sample.qualities and None not in texts:
        return _body_form(keys) % tuple(texts)
    said = [f"{quoted(key)}:{text}" for key, text in zip(keys, texts, strict=True) if text is not None]
    for key, quality in zip(keys, sample.qualities, strict=False):
        if quality and key + QUALITY not in keys:
            said.append(f"{quoted(key + QUALITY)}:{quoted(quality)}")
    return "{" + ",".join(said) + "}"


def batches(
    rows: Iterable[Row],
    devices: Mapping[str, str],
    *,
    max_bytes: int = MAX_BYTES,
    max_points: int | None = None,
    max_device_points: int | None = None,
    as_device: bool = False,
) -> Iterator[Message | Unfit]:
    """Telemetry messages of the rows, in their order, as few as the caps allow.

    Args:
        rows: samples; those of one device stand together within a message.
        devices: a meter's device name in ThingsBoard; a meter that is not in it goes by its own name.
        max_bytes: cap on a payload.
        max_points: cap on the data points of a message; a single sample may pass it, for it cannot be divided.
        max_device_points: the same for the data points of each device in it.
        as_device: whether the session is the meter's own and no gateway's; then there is one device, and no name.

    Yields:
        messages, and among them the rows that fit in none. The caller sets those aside.
    """
    batch = _Batch(max_bytes, max_points, max_device_points, as_device=as_device)
    for row in rows:
        try:
            points = _points(row.body)
        except (ValueError, TypeError):
            yield Unfit(row.id, "not a JSON object")
            continue
        device = json.dumps(devices.get(row.meter, row.meter))
        entry = f'{{"ts":{row.ts_ms},"values":{row.body}}}'
        if batch.ids and not batch.takes(device, entry, points):
            yield batch.message()
            batch = _Batch(max_bytes, max_points, max_device_points, as_device=as_device)
        if (size := batch.size_with(device, entry)) > max_bytes:
            yield Unfit(row.id, f"{size} bytes of JSON, more than the {max_bytes} that a message may have")
            continue
        batch.add(row.id, device, entry, points)
    if batch.ids:
        yield batch.message()


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
    return _live_topic(layout.meter), f'{{"ts":{sample.ts_ms},"values":{{{said}}}}}'.encode()


class _Batch:
    """A telemetry message that is being filled."""

    def __init__(
        self, max_bytes: int, max_points: int | None, max_device_points: int | None, *, as_device: bool
    ) -> None:
        self._as_device = as_device
        self.ids: list[int] = []
        self._max_bytes = max_bytes
        self._max_points = math.inf if max_points is None else max_points
        self._max_device_points = math.inf if max_device_points is None else max_device_points
        self._entries: dict[str, list[str]] = {}
        self._device_points: Counter[str] = Counter()
        self._points = 0
        self._bytes = 2  # the braces

    def size_with(self, device: str, entry: str) -> int:
        """Bytes of the payload if the entry were added. Everything is ASCII, so characters are bytes."""
        return self._bytes + len(entry) + (1 if device in self._entries else len(device) + 4)

    def takes(self, device: str, entry: str, points: int) -> bool:
        return (
            self.size_with(device, entry) <= self._max_bytes
            and self._points + points <= self._max_points
            and self._device_points[device] + points <= self._max_device_points
        )

    def add(self, row_id: int, device: str, entry: str, points: int) -> None:
        self._bytes = self.size_with(device, entry)
        self._entries.setdefault(device, []).append(entry)
        self._device_points[device] += points
        self._points += points
        self.ids.append(row_id)

    def message(self) -> Message:
        if self._as_device:
            entries = ",".join(entry for entries in self._entries.values() for entry in entries)
            return Message(DEVICE_TELEMETRY, f"[{entries}]".encode(), tuple(self.ids), self._points)
        said = ",".join(f"{device}:[{','.join(entries)}]" for device, entries in self._entries.items())
        devices = {json.loads(device): points for device, points in self._device_points.items()}
        return Message(TELEMETRY, f"{{{said}}}".encode(), tuple(self.ids), self._points, devices)


@lru_cache(_FORMS)
def _body_form(keys: tuple[str, ...]) -> str:
    """The body of every sample with these keys, with a ``%s`` for each value."""
    return "{" + ",".join(f"{_literal(key)}:%s" for key in keys) + "}"


@lru_cache(_FORMS)
def _live_form(keys: tuple[str, ...], units: tuple[str, ...]) -> str:
    """The values of every live copy with these keys and units, with a ``%s`` for each."""
    return ",".join(
        f'{_literal(key)}:{{"value":%s,"unit":{_literal(unit)}}}' for key, unit in zip(keys, units, strict=True)
    )


def _literal(text: str) -> str:
    return quoted(text).replace("%", "%%")


def _live_topic(meter: str) -> str:
    return "meters/" + meter.translate(_NO_LEVELS)


def _points(text: str) -> int:
    """How many keys a body has.

    Raises:
        ValueError, TypeError: it is no JSON object.
    """
    try:
        return len(orjson.loads(text))
    except ValueError:
        return len(json.loads(text))  # takes more: a whole number of any length, half a surrogate pair
