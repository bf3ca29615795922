"""How many descriptors the meters' connections want, and how many a process may have. Opens none."""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from bridge.configuration.load import Configuration

SPARE = 256
"""For the outbox, the broker, ThingsBoard, whoever asks by HTTP, and what Python keeps open."""


def descriptors_wanted(reading: Configuration) -> int:
    """Return how many the bridge has open when every meter is connected: one a connection, and some to spare."""
    return SPARE + len({(meter.host.lower(), meter.port) for meter in reading.resolved.values()})


def descriptors_allowed() -> int | None:
    """Return how many this process may have open; None where nothing bounds them."""
    if resource is None:
        return None
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if allowed == resource.RLIM_INFINITY else allowed
