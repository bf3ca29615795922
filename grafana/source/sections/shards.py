"""Who reads which part of the fleet, and how each is: one line a bridge; a bridge that reads all is the only one."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Query, table
from grafana.source.queries import FRESH, JOB
from grafana.source.style import NONE_IS_GOOD, SHARE, STATE

_INFO = "max by (instance, shard) (dlms_shard_info)"

SHARDS = Section(
    "Shards",
    (
        table(
            "Every bridge",
            "One line per bridge. Where several share out the fleet, each is a shard; `bridge check` says which meters "
            "are whose. Fresh: the share of its meters whose last sample is. Waiting: samples on its disk.",
            Query(f"max by (instance) (1 + up{{{JOB}}})"),
            Query(_INFO),
            Query("count by (instance) (dlms_meter_up)"),
            Query(f"max by (instance) ({FRESH})"),
            Query("max by (instance) (dlms_outbox_samples)"),
            Query("sum by (instance) (dlms_bridge_wrong)"),
            Query(f"max by (instance) (process_resident_memory_bytes{{{JOB}}})"),
            Query(f"max by (instance) (rate(process_cpu_seconds_total{{{JOB}}}[5m]))"),
            columns=(
                Column("instance", "Bridge"),
                Column("Value #A", "State", words=STATE, empty="not scraped", width=110),
                Column("shard", "Shard", width=90),
                Column("Value #C", "Meters", unit="short", width=110),
                Column("Value #D", "Fresh", unit="percentunit", levels=SHARE, width=110, decimals=1),
                Column("Value #E", "Waiting", unit="short", width=120),
                Column("Value #F", "Wrong", unit="short", levels=NONE_IS_GOOD, width=110),
                Column("Value #G", "Memory", unit="bytes", width=120),
                Column("Value #H", "Of a core", unit="percentunit", width=120),
            ),
            empty="not scraped",
            sort=("State", "Bridge"),
        ),
    ),
    is_open=False,
)
