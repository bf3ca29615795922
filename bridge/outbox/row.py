"""Row: one sample that waits, on disk or still in memory. All that the outbox and delivery share."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One sample that waits.

    Args:
        id: rises with every sample; never used twice while the process lives, and the same in memory and on disk.
        meter: the meter's name in the settings.
        ts_ms: when its values were read, milliseconds since 1970-01-01 UTC.
        body: the telemetry values as a JSON object, ready to be sent.
        device: the meter's device name in ThingsBoard when the sample was accepted.
        destination: for whom it was accepted, as ``destination.py`` writes it.
        boot: which boot of the machine it was read in; 0 when nobody kept that.
        up_ns: BOOTTIME then.
        was_undated: the number that it had while it was undated; 0 for one that never was.
    """

    id: int
    meter: str
    ts_ms: int
    body: str
    device: str = ""
    destination: str = "local"
    boot: int = 0
    up_ns: int = 0
    was_undated: int = 0
