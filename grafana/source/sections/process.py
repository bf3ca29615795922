"""The bridge's own process: is it lively, does it leak?"""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.queries import JOB
from grafana.source.style import BAD, GONE, GOOD, Levels

PROCESS = Section(
    "The bridge's process",
    (
        lines(
            "Event-loop lag",
            "How late the bridge's timer ran. Near zero; a second and more means that something blocks every meter.",
            Query("dlms_bridge_event_loop_lag_seconds", "lag"),
            unit="s",
            levels=Levels(GOOD, ((1, BAD),)),
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of the bridge. It stays flat, also while ThingsBoard is away: the backlog is on disk.",
            Query(f"process_resident_memory_bytes{{{JOB}}}", "resident"),
            unit="bytes",
            width=6,
        ),
        lines(
            "CPU",
            "Share of one core that the bridge uses.",
            Query(f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])", "one core"),
            unit="percentunit",
            width=6,
        ),
        lines(
            "Open files and sockets",
            "File descriptors in use and the limit. A ramp is a leak.",
            Query(f"process_open_fds{{{JOB}}}", "open"),
            Query(f"process_max_fds{{{JOB}}}", "limit"),
            unit="short",
            width=6,
        ),
        lines(
            "Wrong, by kind",
            "What the bridge says is wrong, and how many of each kind. The kinds are those of `bridge status`.",
            Query("sum by (what) (dlms_bridge_wrong) > 0", "{{what}}"),
            unit="short",
            empty="nothing in this time range",
            stacked=True,
            width=18,
        ),
        stat(
            "Version",
            "Version of the bridge.",
            Query("dlms_bridge_build_info", "{{version}}"),
            unit="none",
            empty=GONE,
            by_name=True,
            width=6,
        ),
    ),
)
