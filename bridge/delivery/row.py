"""Row: one sample as it stands on disk. All that the outbox and the publisher hold in common."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One sample on disk.

    Args:
        id: rises with every sample; never used twice while the process lives.
        meter: the meter's name in the settings.
        ts_ms: when its values were read, milliseconds since 1970-01-01 UTC.
        body: the telemetry values as a JSON object, ready to be sent.
    """

    id: int
    meter: str
    ts_ms: int
    body: str
