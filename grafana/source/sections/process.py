"""The bridge's own process: is it responsive, does it leak?"""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.queries import JOB, while_scraped
from grafana.source.style import BAD, GONE, GOOD, NONE_IS_GOOD, STATE, TIME, UNKNOWN, WARN, Levels, Words

PROCESS = Section(
    "The bridge's process",
    (
        stat(
            "Wrong now",
            "How many things the bridge itself says are wrong; `docker compose exec bridge bridge status` names them.",
            Query("sum(dlms_bridge_wrong)"),
            unit="none",
            empty=GONE,
            levels=NONE_IS_GOOD,
            words=Words({0: ("all well", GOOD)}),
        ),
        stat(
            "Bridge",
            "Whether Prometheus reaches the bridge. Down: see `docker compose ps` and `docker compose logs bridge`.",
            Query(f"1 + up{{{JOB}}}"),
            unit="none",
            empty=GONE,
            words=STATE,
        ),
        stat(
            "Broker",
            "Whether the bridge is connected to the local Mosquitto. Down: samples wait on disk, none is lost.",
            Query("1 + dlms_broker_connected"),
            unit="none",
            empty=GONE,
            words=STATE,
        ),
        stat(
            "Uptime",
            "How long the bridge's process has been running. Orange: it started less than five minutes ago.",
            Query(f"time() - process_start_time_seconds{{{JOB}}}"),
            unit="s",
            empty=GONE,
            levels=Levels(WARN, ((300, GOOD),)),
        ),
        stat(
            "Disk free",
            "Free space on the disk that the outbox is on.",
            Query("dlms_data_disk_free_bytes / (dlms_data_disk_size_bytes > 0)"),
            unit="percentunit",
            empty=GONE,
            levels=Levels(BAD, ((0.1, WARN), (0.2, GOOD))),
        ),
        stat(
            "Version",
            "Version of the bridge.",
            Query("dlms_bridge_build_info"),
            unit="none",
            empty=GONE,
            label="version",
        ),
        lines(
            "Event-loop lag",
            "How late the bridge's timer ran. Near zero; a second or more means that something blocks every meter.",
            Query("dlms_bridge_event_loop_lag_seconds", "lag"),
            unit="s",
            levels=Levels(GOOD, ((1, BAD),)),
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of the bridge. It stays flat even while ThingsBoard is away: the backlog is on disk.",
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
            "File descriptors in use. A ramp is a leak.",
            Query(f"process_open_fds{{{JOB}}}", "open"),
            unit="short",
            width=6,
        ),
        stat(
            "Time",
            "Whose time samples are given. trusted: this machine's clock. kept: the bridge's own, this machine's was "
            "stepped away. estimated: the meters' clocks, said with each value. waiting: none yet, samples wait on "
            "disk.",
            Query("dlms_clock_condition == 1"),
            unit="none",
            empty=GONE,
            levels=Levels(UNKNOWN),
            words=TIME,
            label="condition",
            width=8,
        ),
        stat(
            "Steps of the clock",
            "How often this machine's clock was stepped by more than two seconds in this time range.",
            Query(while_scraped("round(increase(dlms_clock_steps_total[$__range]))")),
            unit="short",
            empty=GONE,
            width=8,
        ),
        stat(
            "Sent with a wrong time",
            "Samples that had gone out when the clock by which they were dated turned out to have been wrong. Those "
            "that were still on disk were dated anew.",
            Query(while_scraped("round(increase(dlms_clock_sent_wrong_samples_total[$__range]))")),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
            width=8,
        ),
        lines(
            "This machine's clock",
            "How far it is ahead of the time that samples are given.",
            Query("dlms_clock_wall_offset_seconds", "ahead"),
            unit="s",
            width=8,
        ),
        lines(
            "Wrong, by kind",
            "What the bridge says is wrong, and how many of each kind. The kinds are those of `bridge status`.",
            Query("sum by (what) (dlms_bridge_wrong) > 0", "{{what}}"),
            unit="short",
            empty="nothing in this time range",
            stacked=True,
            width=16,
        ),
    ),
    is_open=False,
)
