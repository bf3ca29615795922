"""How the conversation with the chosen meters goes: how long it takes, how often it is repeated, where it fails."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, timeline
from grafana.source.queries import METER, MOST_LINES, WHOLE, a_minute, average, of, within
from grafana.source.style import LISTS

_STALE = of("dlms_meter_stale_bytes_total")
_CYCLES = of("dlms_meter_cycle_duration_seconds_bucket")
_REQUESTS = of("dlms_meter_request_duration_seconds_bucket")
_DRIFT = of("dlms_meter_clock_drift_seconds")
_LISTS = of("dlms_meter_list_refused")
_COUNTER = of("dlms_meter_invocation_counter_remaining_ratio")


CONVERSATION = Section(
    "The conversation",
    (
        lines(
            "Duration of a cycle",
            "From a cycle's first request to its last answer, chosen meters together: on average, and within which "
            "time 95 of 100 are done. Connecting is not part of it.",
            Query(average("dlms_meter_cycle_duration_seconds", METER), "average"),
            Query(within(0.95, _CYCLES, 0.01), "95 % within"),
            unit="s",
            width=8,
        ),
        lines(
            "Errors by stage",
            "Failed cycles per minute, by where: dns and tcp before the meter, framing and timeout on the line, "
            "association, auth and access in the meter, decode in the answer.",
            Query(a_minute("dlms_meter_errors_total", "stage"), "{{stage}}"),
            unit="suffix:/min",
            empty="no cycle has failed",
            stacked=True,
            width=8,
        ),
        lines(
            "Trouble within cycles",
            "Per minute: requests repeated because no complete answer came, and reconnections; registers that a meter "
            "refused; objects left out because it does not answer them; doubtful values; cycles skipped because the "
            "one before was still running; late answers and unasked notifications, both dropped. Retries with few "
            "errors mean a poor line.",
            Query(a_minute("dlms_meter_retries_total", "level"), "again: {{level}}"),
            Query(f"sum({of('dlms_meter_left_out_objects')})", "left out"),
            *(
                Query(a_minute(metric), legend)
                for metric, legend in (
                    ("dlms_meter_refused_registers_total", "refused"),
                    ("dlms_meter_doubtful_values_total", "doubtful"),
                    ("dlms_meter_overruns_total", "skipped"),
                    ("dlms_meter_late_answers_total", "late answers"),
                    ("dlms_meter_notifications_total", "notifications"),
                )
            ),
            unit="suffix:/min",
            width=8,
        ),
        lines(
            "Unexpected bytes",
            "Bytes dropped because nothing had been asked, or because they make no frame. Many: noise on the line, or "
            "a second client on the same converter.",
            Query(
                f"sum by (meter) (rate({_STALE}[$__rate_interval])) and on (meter) "
                f"topk({MOST_LINES}, sum by (meter) (increase({_STALE}{WHOLE})) > 0)",
                "{{meter}}",
            ),
            unit="Bps",
            empty="none",
            width=8,
        ),
        lines(
            "Associations opened",
            "Associations opened per minute, the first ones included. Near zero when all is well: an association "
            "lasts until something breaks.",
            Query(a_minute("dlms_meter_connects_total"), "associations"),
            unit="suffix:/min",
            width=8,
        ),
        lines(
            "Duration of a request",
            "From a request to its complete answer, chosen meters together. Not kept in fleet mode (HEALTH__FLEET).",
            Query(average("dlms_meter_request_duration_seconds", METER), "average"),
            Query(within(0.95, _REQUESTS, 0.01), "95 % within"),
            unit="s",
            empty="nothing, or HEALTH__FLEET is on",
            width=8,
        ),
        lines(
            "Duration of a cycle, all meters",
            "The same for every meter the bridge reads, chosen or not; kept in fleet mode too.",
            Query(average("dlms_cycle_duration_seconds"), "average"),
            Query(within(0.95, "dlms_cycle_duration_seconds_bucket", 0.01), "95 % within"),
            unit="s",
            width=8,
        ),
        lines(
            "Clock drift",
            "The meter's clock less the bridge's, for profiles that read the clock (class 8). All alike: look at "
            f"this machine's clock. With more than {MOST_LINES} meters, those that drift most are drawn.",
            Query(
                f"{_DRIFT} and topk({MOST_LINES}, max_over_time(abs({_DRIFT}){WHOLE.replace(']', ':1m]')}))",
                "{{meter}}",
            ),
            unit="s",
            empty="no chosen profile reads the clock",
            bounds=(None, None),
            width=8,
        ),
        lines(
            "Lateness of cycles, all meters",
            "How long after its moment a cycle began, of every meter the bridge reads: on average, and within which "
            "time 99 of 100 begin. Cycles due within 20 ms begin together, at the end of these; that wait is not in "
            "it. A machine that is too small shows here first.",
            Query(average("dlms_cycle_lateness_seconds"), "average"),
            Query(within(0.99, "dlms_cycle_lateness_seconds_bucket", 0.001), "99 % within"),
            unit="s",
            width=8,
        ),
        lines(
            "Invocation counters left",
            "Share of the invocation counters left under the meter's present key; at zero it can encrypt nothing more "
            f"and needs a new key. With more than {MOST_LINES} meters, those with the fewest are drawn.",
            Query(
                f"{_COUNTER} and on (meter) bottomk({MOST_LINES}, min_over_time({_COUNTER}{WHOLE}))",
                "{{meter}}",
            ),
            unit="percentunit",
            empty="no chosen meter has a key",
            bounds=(0, 1),
            width=12,
        ),
        timeline(
            "Meters read one register at a time",
            "They agree to read lists (GET-WITH-LIST) but fail on them, so each register costs a request of its own. "
            f"At most {MOST_LINES} are named.",
            Query(f"{_LISTS} and on (meter) topk({MOST_LINES}, max_over_time({_LISTS}{WHOLE}))", "{{meter}}"),
            Query(f"3 * absent({_LISTS})", "nothing"),
            words=LISTS,
            empty="every chosen meter keeps what it agrees to",
            width=12,
            height=8,
        ),
    ),
)
