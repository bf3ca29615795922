"""What ThingsBoard really has, as the last audit found it."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, stat
from grafana.source.style import BAD, CALM, GOOD, NONE_IS_GOOD, WARN, Levels

_MADE = "and on (job, instance) dlms_audit_last_run_timestamp_seconds > 0"
_NEVER = "none was made yet"

AUDIT = Section(
    "What ThingsBoard has",
    (
        stat(
            "Missing in ThingsBoard",
            "Values that were stored and that ThingsBoard did not have when it was last audited. `bridge audit` names "
            "each, with --repair it sends them again.",
            Query(f"dlms_audit_missing_values {_MADE}"),
            unit="short",
            empty=_NEVER,
            levels=NONE_IS_GOOD,
            width=6,
        ),
        stat(
            "Values audited",
            "Values that the last audit looked for: intervals and events of the last seven days, and the live readings "
            "that are kept.",
            Query(f"dlms_audit_values {_MADE}"),
            unit="short",
            empty=_NEVER,
            levels=Levels(CALM),
            width=6,
        ),
        stat(
            "Last audit",
            "Time since the last audit that could be made; by itself once a day (AUDIT__EVERY).",
            Query(f"time() - (dlms_audit_last_run_timestamp_seconds {_MADE})"),
            unit="dtdurations",
            empty=_NEVER,
            levels=Levels(GOOD, ((172_800, WARN), (604_800, BAD))),
            width=6,
        ),
        stat(
            "Audits that failed",
            "Audits in a row that could not be made: ThingsBoard's REST API does not answer, or refuses. The log says "
            "why.",
            Query("dlms_audit_failed_attempts"),
            unit="short",
            empty="not scraped",
            levels=NONE_IS_GOOD,
            width=6,
        ),
    ),
    is_open=False,
)
