"""Samples to ThingsBoard's topics and JSON. Pure: no clock, no disk, no network.

What leaves here is taken by every ThingsBoard, by construction: on MQTT 3.1.1 it closes the session on a message that
it cannot read, and the message would come again for ever. Hence:

* a number is written without an exponent (older servers take ``1e-05`` for a whole number and refuse it), with at most
  16 decimals (longer ones become text) and with a point when it passes 64 bits;
* NaN and infinities have no JSON and are left out;
* a message stays under :data:`MAX_BYTES` and under the server's limit of data points.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bridge.delivery.row import Row
    from bridge.sample import Sample

TELEMETRY = "v1/gateway/telemetry"
DEVICE_TELEMETRY = "v1/devices/me/telemetry"
MAX_BYTES = 60_000
"""ThingsBoard's own bound is 65,536 by default; the rest is for topic and headers."""

_INT64 = 1 << 63
_DECIMALS = Decimal("1e-16")


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
    texts = ((value.key, _text(value.value)) for value in sample.values)
    return "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in texts if text is not None) + "}"


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
            points = len(json.loads(row.body))
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
    """Topic and payload of the copy for local subscribers: the latest values of a meter, with their units."""
    values = ((value, _text(value.value)) for value in sample.values)
    said = ",".join(
        f'{json.dumps(value.key)}:{{"value":{text},"unit":{json.dumps(value.unit)}}}'
        for value, text in values
        if text is not None
    )
    name = "".join("_" if letter in "/+#\0" else letter for letter in sample.meter)
    return f"meters/{name}", f'{{"ts":{sample.ts_ms},"values":{{{said}}}}}'.encode()


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
        self._points: Counter[str] = Counter()
        self._bytes = 2  # the braces

    def size_with(self, device: str, entry: str) -> int:
        """Bytes of the payload if the entry were added. Everything is ASCII, so characters are bytes."""
        return self._bytes + len(entry) + (1 if device in self._entries else len(device) + 4)

    def takes(self, device: str, entry: str, points: int) -> bool:
        return (
            self.size_with(device, entry) <= self._max_bytes
            and self._points.total() + points <= self._max_points
            and self._points[device] + points <= self._max_device_points
        )

    def add(self, row_id: int, device: str, entry: str, points: int) -> None:
        self._bytes = self.size_with(device, entry)
        self._entries.setdefault(device, []).append(entry)
        self._points[device] += points
        self.ids.append(row_id)

    def message(self) -> Message:
        if self._as_device:
            entries = ",".join(entry for entries in self._entries.values() for entry in entries)
            return Message(DEVICE_TELEMETRY, f"[{entries}]".encode(), tuple(self.ids), self._points.total())
        said = ",".join(f"{device}:[{','.join(entries)}]" for device, entries in self._entries.items())
        devices = {json.loads(device): points for device, points in self._points.items()}
        return Message(TELEMETRY, f"{{{said}}}".encode(), tuple(self.ids), self._points.total(), devices)


def _text(value: object) -> str | None:
    """The value in JSON; None where JSON has no word for it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            # Past 64 bits ThingsBoard refuses a whole number, and takes one with a point.
            return str(value) if -_INT64 <= value < _INT64 else _huge(value)
        case float() if math.isfinite(value):
            return _decimal(value)
        case str():
            return json.dumps(value)
        case _:
            return None


def _huge(value: int) -> str | None:
    try:
        return _decimal(float(value))
    except OverflowError:
        return None


def _decimal(value: float) -> str:
    # Fifteen digits are what a double holds for certain; the rest is noise such as 0.30000000000000004.
    number = Decimal(f"{value:.15g}")
    if number.as_tuple().exponent < _DECIMALS.as_tuple().exponent:  # type: ignore[operator]  # finite: always an int
        number = number.quantize(_DECIMALS)
    text = f"{number:f}"
    return text if "." in text else f"{text}.0"
