"""The metrics of a shard's lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from bridge.lease.state import LeaseState


class LeaseMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.shard_held = Gauge(
            "dlms_shard_held",
            "Whether this bridge may read the meters of its shard now; always 1 where no lease is needed",
            registry=registry,
        )
        self.lease_left = Gauge(
            "dlms_shard_lease_left_seconds",
            "For how long it may, unless the lease is renewed; 0 where no lease is needed",
            registry=registry,
        )
        self.witnesses = Gauge("dlms_shard_witnesses", "Witnesses that grant the lease; 0 for none", registry=registry)
        self.witnesses_answering = Gauge(
            "dlms_shard_witnesses_answering", "Witnesses that answered the last time they were asked", registry=registry
        )
        self.shard_takeovers = Counter(
            "dlms_shard_takeovers", "Times that this bridge obtained the lease of its shard", registry=registry
        )
        self._obtained = 0

    def show(self, state: LeaseState | None, *, obtained: int) -> None:
        """Show what is so now.

        Args:
            state: of the lease; None where none is needed.
            obtained: how often it was obtained since the start.
        """
        self.shard_held.set(state is None or state.held)
        self.lease_left.set(0.0 if state is None else state.left_s)
        self.witnesses.set(0 if state is None else state.witnesses)
        self.witnesses_answering.set(0 if state is None else state.answering)
        self.shard_takeovers.inc(obtained - self._obtained)
        self._obtained = obtained
