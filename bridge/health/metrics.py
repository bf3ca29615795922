"""Every metric of the bridge on one page. Each part has its own, made here once and handed to it by ``app.py``.

Metrics show what the parts know; nobody reads one back to learn something. A new figure goes where its part is:
``meters/metrics.py``, ``ledger/metrics.py``, ``listen/metrics.py``, ``delivery/metrics.py``, ``outbox_metrics.py``,
``clock_metrics.py``, ``process_metrics.py``, ``lease/metrics.py``, ``thingsboard/metrics.py``.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from bridge.delivery.metrics import DeliveryMetrics
from bridge.health.clock_metrics import ClockMetrics
from bridge.health.exposition import Page
from bridge.health.outbox_metrics import OutboxMetrics
from bridge.health.process_metrics import ProcessMetrics
from bridge.lease.metrics import LeaseMetrics
from bridge.ledger.metrics import LedgerMetrics
from bridge.listen.metrics import ListenMetrics
from bridge.meters.metrics import MeterMetrics
from bridge.thingsboard.metrics import AuditMetrics


class Metrics:
    """All of them, on a registry of their own.

    Args:
        fleet: see :class:`MeterMetrics`.
        register_values: see :class:`MeterMetrics`.
    """

    def __init__(self, *, fleet: bool = False, register_values: bool = True) -> None:
        self.registry = CollectorRegistry()
        self.process = ProcessMetrics(self.registry)
        self.clock = ClockMetrics(self.registry)
        self.lease = LeaseMetrics(self.registry)
        self.meters = MeterMetrics(self.registry, fleet=fleet, register_values=register_values)
        self.ledger = LedgerMetrics(self.registry, fleet=fleet)
        self.listen = ListenMetrics(self.registry, fleet=fleet)
        self.outbox = OutboxMetrics(self.registry)
        self.delivery = DeliveryMetrics(self.registry)
        self.audit = AuditMetrics(self.registry)
        self._parts = (
            self.process, self.clock, self.lease, self.meters, self.ledger, self.listen, self.outbox, self.delivery,
            self.audit,
        )  # fmt: skip
        self.page = Page((*self.instruments.values(), ProcessCollector(registry=self.registry)))
        """What ``/metrics`` shows."""

    @property
    def instruments(self) -> dict[str, MetricWrapperBase]:
        """Every instrument by its name in the code, in the page's order."""
        return {
            name: instrument
            for part in self._parts
            for name, instrument in vars(part).items()
            if isinstance(instrument, MetricWrapperBase)
        }
