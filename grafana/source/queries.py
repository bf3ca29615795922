"""The vocabulary of our queries: selectors and expressions that more than one panel uses.

Three rules keep the dashboards truthful: a figure of this moment is an instant query, so that a bridge that is gone
shows "not scraped" and not its last word; a value is shown only while its meter answers; and where a thousand lines
would be drawn, the worst or largest ten of the whole time range are, the same ones at every point of it.

How well a meter is read is a share of time, never of attempts: who waits longer after each failure attempts little.
"""

from __future__ import annotations

MOST_LINES = 10
MOST_BANDS = 4
"""Meters in the timeline of the first screen."""
JOB = 'job="bridge"'
"""The scrape job's name in prometheus.yml."""

ITSELF = 'job="prometheus"'
"""Prometheus, scraped by itself."""

METER = 'meter=~"$meter"'
WHOLE = "[$__range] @ end()"
"""The whole time range, the same from every point of it: for choosing which lines to draw."""

ANSWERS = "on (meter) (dlms_meter_up == 1)"
FRESH = "dlms:meters_fresh:ratio"
"""Share of the meters whose last sample is fresh; recorded by prometheus/rules/bridge.yml."""

SLO = 0.99
"""Share of the time that a meter's last sample is to be fresh: no older than three of its intervals and 10 s."""

BUDGET_LEFT = f"1 - (sum_over_time((1 - {FRESH})[30d:1m]) * 60 / {(1 - SLO) * 30 * 86_400:.0f} or 0 * {FRESH})"
"""Share of thirty days' budget that is left. Days of which nothing is known used nothing up."""

METER_PAGE = "/d/dlms-bridge-meter?var-meter=${__value.raw}&${__url_time_range}"

UPSTREAM = "max(dlms_upstream_configured + dlms_upstream_configured * dlms_upstream_connected)"
"""0 not configured, 1 down, 2 up."""

OLDEST = "time() - (dlms_outbox_oldest_timestamp_seconds > 0) or 0 * dlms_outbox_oldest_timestamp_seconds"
"""Age of the oldest sample that waits, in seconds; 0 when none does. Neither side has a name, so it is one series."""

WAITING = (
    f"max(time() - (dlms_delivery_last_confirmed_timestamp_seconds > 0 or on () process_start_time_seconds{{{JOB}}}) "
    f"and on () dlms_outbox_undated_samples > 0) or max({OLDEST})"
)
"""The same; samples without a time have no age, so while some wait for the clock it is since the last confirmation."""

LAST_ERROR = "dlms_meter_last_error_timestamp_seconds"
VERDICT = (
    "max by (verdict) (dlms_verdict == 1) "
    f'or label_replace(max(up{{{JOB}}} == 0), "verdict", "the bridge is down", "", "")'
)
"""The bridge's own verdict as the label ``verdict``. That the bridge is down, only Prometheus can say."""

STALEST = (
    "max(time() - (max by (meter) (dlms_meter_last_success_timestamp_seconds) "
    f"or on (meter) (0 * max by (meter) (dlms_meter_up) + scalar(max(process_start_time_seconds{{{JOB}}})))))"
)
"""Seconds since the meter that is silent longest gave a sample; since the bridge's start for one that never did."""


def while_scraped(expr: str) -> str:
    """Return ``expr`` while the bridge is scraped: what its last figures said of a time range would look like news."""
    return f"({expr}) and on () up{{{JOB}}} == 1"


def or_gone(state: str, metric: str) -> str:
    """Return ``state``, one series without labels, and 3 (not scraped) where there is no ``metric``."""
    return f"{state} or max(3 * absent({metric}))"  # absent() keeps labels of its selector


def time_up(window: str) -> str:
    """Return the share of the time within ``window`` (a range such as ``[5m]``) that a meter answered, by meter."""
    return f"max by (meter) (avg_over_time({of('dlms_meter_up')}{window}))"


def within(share: float, metric: str, least_s: float, *, by: str = "le", window: str = "rate(%s[5m])") -> str:
    """Return the seconds within which ``share`` of what histogram ``metric`` counts was done.

    Args:
        share: 0.95 for 95 %.
        metric: its buckets, as a selector.
        least_s: the lowest bucket's bound. What lies in that bucket took less; how much less, nobody measured.
        by: labels to keep.
        window: what is asked of the buckets.
    """
    return f"clamp_min(histogram_quantile({share}, sum by ({by}) ({window % metric})), {least_s})"


def average(name: str, *matchers: str) -> str:
    """Return the mean of what histogram ``name`` counted in the last five minutes, of the chosen meters if any are."""
    total, count = (f"{name}{part}{{{', '.join(matchers)}}}" for part in ("_sum", "_count"))
    return f"sum(rate({total}[5m])) / (sum(rate({count}[5m])) > 0)"


def of(metric: str, *matchers: str) -> str:
    """Return the selector of ``metric`` for the chosen meters."""
    return f"{metric}{{{', '.join((METER, *matchers))}}}"


def a_minute(metric: str, by: str = "") -> str:
    """Return the events of counter ``metric`` per minute, chosen meters together, by the label ``by``."""
    return f"60 * sum {f'by ({by}) ' if by else ''}(rate({of(metric)}[$__rate_interval]))"
