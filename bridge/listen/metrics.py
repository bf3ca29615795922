"""The metrics of the listener: who is connected, what came, what was not taken and why. Nobody reads one back."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ListenMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
        fleet: for thousands of meters: no series per meter.
    """

    def __init__(self, registry: CollectorRegistry | None = None, *, fleet: bool = False) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.is_fleet = fleet
        self.listen_connections = Gauge("dlms_listen_connections", "Callers that are connected now", registry=registry)
        self.listen_held = Gauge(
            "dlms_listen_held_bytes", "What callers sent and is not on disk yet", registry=registry
        )
        self.listen_calls = Counter("dlms_listen_calls", "Connections that callers opened", registry=registry)
        self.listen_received = Counter("dlms_listen_received_bytes", "Bytes that callers sent", registry=registry)
        self.listen_messages = Counter(
            "dlms_listen_messages",
            "Messages that were pushed by meters that are known, by what became of them: stored (on disk), doubled "
            "(had already), empty (nothing in it that can be sent)",
            ("result",),
            registry=registry,
        )
        self.listen_refused = Counter(
            "dlms_listen_refused",
            "What was not taken from callers, by the reason: unknown-title, unknown-meter, wrong-key, replayed, plain, "
            "unauthenticated, malformed, incomplete, stray …",
            ("reason",),
            registry=registry,
        )
        self.listen_unknown = Gauge(
            "dlms_listen_unknown_callers", "Callers that `bridge callers` lists", registry=registry
        )
        self.listen_last_push = Gauge(
            "dlms_listen_last_push_timestamp_seconds",
            "When a meter last pushed something that was taken",
            ("meter",),
            registry=registry,
        )
