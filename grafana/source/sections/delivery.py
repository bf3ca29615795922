"""The way to ThingsBoard: what waits, what arrived, what was lost."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.queries import OLDEST, average, while_scraped, within
from grafana.source.style import BAD, CALM, GONE, GOOD, NONE_IS_GOOD, WARN, Levels, Words

DELIVERY = Section(
    "On the way to ThingsBoard",
    (
        stat(
            "Samples waiting",
            "Samples on disk that are not confirmed yet. A few are normal; a steady rise means that the way to "
            "ThingsBoard is blocked or too slow.",
            Query("dlms_outbox_samples"),
            unit="short",
            empty=GONE,
        ),
        stat(
            "Samples lost",
            "Samples lost in this time range: evicted because the outbox was full, or dropped from memory because the "
            "disk could not be written for too long. Anything but zero is lost data.",
            Query(
                while_scraped(
                    "round(increase(dlms_outbox_evicted_samples_total[$__range]) "
                    "+ increase(dlms_outbox_dropped_samples_total[$__range]))"
                )
            ),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Samples set aside",
            "Samples set aside in this time range because ThingsBoard accepts others and not them. They are kept on "
            "disk; the log names them.",
            Query(while_scraped("round(increase(dlms_outbox_quarantined_samples_total[$__range]))")),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Disk failures",
            "Writes to the outbox that failed in this time range: samples stay in memory meanwhile. And reads: what "
            "is on disk waits. The disk is full or broken.",
            Query(while_scraped("round(increase(dlms_outbox_errors_total[$__range]))"), "writes"),
            Query(while_scraped("round(increase(dlms_outbox_read_errors_total[$__range]))"), "reads"),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Outbox used",
            "Share of the outbox's limit in use. Once full, it drops the oldest samples.",
            Query("dlms_outbox_bytes / dlms_outbox_limit_bytes"),
            unit="percentunit",
            empty=GONE,
            levels=Levels(GOOD, ((0.5, WARN), (0.8, BAD))),
        ),
        stat(
            "Backlog empty in",
            "Time until the outbox is empty, at the pace of the last minute.",
            Query("dlms_delivery_drain_seconds < Inf"),
            unit="s",
            empty="not draining",
        ),
        lines(
            "Backlog",
            "On disk: committed, not known to be stored. Of those accepted: acknowledged by ThingsBoard. In memory: "
            "read, not committed yet; about a second's worth. Waiting for the clock: read while this machine's clock "
            "was not trusted.",
            Query("dlms_outbox_samples", "on disk"),
            Query("dlms_delivery_unstored_samples", "of those accepted"),
            Query("dlms_outbox_pending_samples", "in memory"),
            Query("dlms_outbox_undated_samples", "waiting for the clock"),
            unit="short",
        ),
        lines(
            "Age of the oldest sample waiting",
            "Zero or a few seconds when all is well; a ramp while ThingsBoard cannot be reached.",
            Query(OLDEST, "oldest"),
            unit="s",
        ),
        lines(
            "Samples per second",
            "Accepted: committed to disk. Confirmed: removed from disk because ThingsBoard stored them. Confirmed "
            "above accepted means that a backlog is draining.",
            Query("rate(dlms_outbox_accepted_samples_total[$__rate_interval])", "accepted"),
            Query("rate(dlms_outbox_confirmed_samples_total[$__rate_interval])", "confirmed"),
            unit="suffix:/s",
        ),
        lines(
            "Size of the outbox",
            "Bytes on disk. *Outbox used* says how near that is to the limit at which the oldest samples are dropped "
            "(OUTBOX__MAX_MB).",
            Query("dlms_outbox_bytes", "on disk"),
            unit="bytes",
        ),
        stat(
            "Rate limit",
            "Messages per second that ThingsBoard's limits allow in the long run.",
            Query("dlms_delivery_rate_limit_messages_per_second < Inf"),
            unit="suffix:/s",
            empty="none set",
            width=6,
        ),
        stat(
            "Devices not accepted",
            "Devices that ThingsBoard does not accept: the tenant's maximum of devices is reached, or it refuses a "
            "name. Their samples wait on disk, the others go on; bridge status names them.",
            Query("dlms_delivery_devices_parked"),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
            width=6,
        ),
        stat(
            "Token",
            "Whether sessions with ThingsBoard end the way they do when something else uses the same token.",
            Query("dlms_upstream_token_shared"),
            unit="none",
            empty=GONE,
            words=Words({0: ("ours alone", GOOD), 1: ("used twice", BAD)}),
            width=6,
        ),
        stat(
            "ThingsBoard stores",
            "Whether marks come back from ThingsBoard's database. While they stand still it accepts samples without "
            "storing them: they are kept, and sent again.",
            Query("(dlms_delivery_marks_moving >= 0) or 0 * dlms_upstream_configured - 1"),
            unit="none",
            empty=GONE,
            words=Words({-1: ("no marks", CALM), 0: ("stands still", BAD), 1: ("yes", GOOD)}),
            width=6,
        ),
        lines(
            "Messages and commits",
            "Per second: telemetry messages that the local broker acknowledged, and commits to disk (one fsync each).",
            Query("rate(dlms_broker_messages_total[$__rate_interval])", "messages"),
            Query("rate(dlms_outbox_commits_total[$__rate_interval])", "commits"),
            unit="suffix:/s",
        ),
        lines(
            "Round trip of a question",
            "From a question about the mark to ThingsBoard's answer. Slow: the line, or a busy server.",
            Query(average("dlms_fence_round_trip_seconds"), "average"),
            Query(within(0.95, "dlms_fence_round_trip_seconds_bucket", 0.01), "95 % within"),
            unit="s",
            empty="no question was answered in this time range",
        ),
        lines(
            "Sessions with ThingsBoard",
            "Per hour: sessions that the broker opened, and those that ended soon. Many short ones: a rate limit, a "
            "token that something else uses too, or a device not marked *Is gateway*.",
            Query("increase(dlms_upstream_sessions_total[1h])", "opened"),
            Query("increase(dlms_upstream_short_sessions_total[1h])", "short"),
            unit="short",
            width=8,
        ),
        lines(
            "Samples sent again",
            "Per minute: samples sent once more because they may not have arrived. ThingsBoard keeps one of each.",
            Query("60 * rate(dlms_delivery_replayed_samples_total[$__rate_interval])", "sent again"),
            unit="suffix:/min",
            width=8,
        ),
        lines(
            "Connections to the broker",
            "Connections to the local broker per minute. There should be one, at the start.",
            Query("60 * rate(dlms_broker_connects_total[$__rate_interval])", "connections"),
            unit="suffix:/min",
            width=8,
        ),
    ),
    is_open=False,
)
