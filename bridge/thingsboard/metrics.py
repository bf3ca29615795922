"""What the audit says of itself, as metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge


class AuditMetrics:
    """The instruments. All are 0 until an audit was made.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.audited_values = Gauge(
            "dlms_audit_values", "Values that the last audit looked for in ThingsBoard", registry=registry
        )
        self.audit_missing = Gauge(
            "dlms_audit_missing_values",
            "Values that were stored and that ThingsBoard did not have when it was last audited",
            registry=registry,
        )
        self.audited_at = Gauge(
            "dlms_audit_last_run_timestamp_seconds", "When the last audit ended that could be made", registry=registry
        )
        self.audit_failures = Gauge(
            "dlms_audit_failed_attempts", "Audits in a row that could not be made", registry=registry
        )
