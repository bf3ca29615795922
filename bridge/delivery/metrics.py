"""The metrics of the delivery wing: the broker, the upstream and what is on the way. Nobody reads one back.

What delivery knows of itself stands in ``state.py``; these show it to Prometheus. The rules for names and figures are
those of ``meters/metrics.py``.
"""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FENCE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""From a server on the same switch to the longest that a question waits."""


class DeliveryMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.broker_connected = Gauge(
            "dlms_broker_connected", "1 while connected to the local broker", registry=registry
        )
        self.broker_connects = Counter(
            "dlms_broker_connects", "Connections made to the local broker", registry=registry
        )
        self.broker_messages = Counter(
            "dlms_broker_messages",
            "Telemetry messages that the local broker acknowledged",
            registry=registry,
        )
        self.upstream_configured = Gauge(
            "dlms_upstream_configured",
            "1 when a ThingsBoard host is set, 0 when samples are confirmed locally",
            registry=registry,
        )
        self.upstream_connected = Gauge(
            "dlms_upstream_connected",
            "1 while a session with ThingsBoard stands",
            registry=registry,
        )
        self.upstream_direct = Gauge(
            "dlms_upstream_direct",
            "1 while the bridge speaks to ThingsBoard without the local broker",
            registry=registry,
        )
        self.upstream_sessions = Counter(
            "dlms_upstream_sessions",
            "Sessions with ThingsBoard that began",
            registry=registry,
        )
        self.upstream_short_sessions = Counter(
            "dlms_upstream_short_sessions",
            "Sessions with ThingsBoard that ended soon after they began",
            registry=registry,
        )
        self.upstream_token_shared = Gauge(
            "dlms_upstream_token_shared",
            "1 while sessions end in the way they do when something else uses the same token",
            registry=registry,
        )
        self.fence_seconds = Histogram(
            "dlms_fence_round_trip_seconds",
            "From a question about the mark to ThingsBoard's answer",
            buckets=FENCE_BUCKETS_S,
            registry=registry,
        )
        self.delivery_replayed = Counter(
            "dlms_delivery_replayed_samples",
            "Samples sent again because it was not sure that they had arrived",
            registry=registry,
        )
        self.delivery_rate_limit = Gauge(
            "dlms_delivery_rate_limit_messages_per_second",
            "Messages a second that ThingsBoard's limits allow in the long run; +Inf while it has set none",
            registry=registry,
        )
        self.delivery_rate_limit.set(math.inf)
        self.delivery_marks = Gauge(
            "dlms_delivery_marks_moving",
            "1 while marks come back from ThingsBoard's database, 0 while they do not: it accepts and stores nothing",
            registry=registry,
        )
        self.delivery_marks.set(math.nan)
        self.delivery_unstored = Gauge(
            "dlms_delivery_unstored_samples",
            "Samples that ThingsBoard accepted and that are not known to be stored yet",
            registry=registry,
        )
        self.delivery_devices_parked = Gauge(
            "dlms_delivery_devices_parked",
            "Devices that ThingsBoard does not accept at present; their samples wait on disk",
            registry=registry,
        )
        self.delivery_drain = Gauge(
            "dlms_delivery_drain_seconds",
            "Until the outbox is empty, at the pace of the last minute; +Inf while it does not shrink",
            registry=registry,
        )
