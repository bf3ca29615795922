"""The metrics of the process itself: its version, its event loop, its disk, and how many things are wrong."""

from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, Gauge, Info

from bridge import __version__


class ProcessMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.build = Info("dlms_bridge_build", "Version of the bridge and of the Python it runs on", registry=registry)
        self.build.info({"version": __version__, "python": platform.python_version()})
        self.shard = Gauge(
            "dlms_shard_info",
            "Which part of the fleet this bridge reads: shard 1 of 1 where it reads all",
            ("shard", "shards"),
            registry=registry,
        )
        self.loop_lag = Gauge(
            "dlms_bridge_event_loop_lag_seconds",
            "How late the event loop ran its last one-second timer, or is with the present one",
            registry=registry,
        )
        self.wrong = Gauge(
            "dlms_bridge_wrong",
            "How many things of a kind are wrong, as status says it; all zero when all is well",
            ("what",),
            registry=registry,
        )
        self.verdict = Gauge(
            "dlms_verdict",
            "How the bridge is, in words, as status says it: 1 for the one verdict that holds, 0 for the others",
            ("verdict",),
            registry=registry,
        )
        self.disk_free = Gauge("dlms_data_disk_free_bytes", "Free on the disk that the outbox is on", registry=registry)
        self.disk_size = Gauge("dlms_data_disk_size_bytes", "Size of the disk that the outbox is on", registry=registry)
