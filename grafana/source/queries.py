"""The vocabulary of our queries: selectors and expressions that more than one panel uses.

Three rules keep the dashboards truthful: a figure of this moment is an instant query, so that a bridge that is gone
shows "not scraped" and not its last word; a value is shown only while its meter answers; and where a thousand lines
would be drawn, the worst or largest twenty of the whole time range are, the same ones at every point of it.
"""

from __future__ import annotations

MOST_LINES = 20
JOB = 'job="bridge"'
"""The scrape job's name in prometheus.yml."""

METER = 'meter=~"$meter"'
WHOLE = "[$__range] @ end()"
"""The whole time range, the same from every point of it: for choosing which lines to draw."""

ANSWERS = "on (meter) (dlms_meter_up == 1)"
FRESH = "dlms:meters_fresh:ratio"
"""Share of the meters whose last sample is fresh; recorded by prometheus/rules/bridge.yml."""

SLO = 0.99
"""Share of the time that a meter's last sample is to be fresh: no older than three of its intervals and 10 s."""

METER_PAGE = "/d/dlms-bridge-meter?var-meter=${__value.raw}"

UPSTREAM = "dlms_upstream_configured + dlms_upstream_configured * dlms_upstream_connected"
"""0 not configured, 1 down, 2 up."""

OLDEST = "time() - (dlms_outbox_oldest_timestamp_seconds > 0) or dlms_outbox_oldest_timestamp_seconds"
"""Age of the oldest sample that waits, in seconds; 0 when none does."""


def of(metric: str, *matchers: str) -> str:
    """Return the selector of ``metric`` for the chosen meters."""
    return f"{metric}{{{', '.join((METER, *matchers))}}}"


def share_read(window: str) -> str:
    """Return the share of cycles that gave a sample within ``window`` (a range such as ``[5m]``), by meter."""
    good, every = of("dlms_meter_cycles_total", 'result="ok"'), of("dlms_meter_cycles_total")
    return f"sum by (meter) (increase({good}{window})) / sum by (meter) (increase({every}{window}))"


def a_minute(metric: str, by: str = "") -> str:
    """Return the events of counter ``metric`` per minute, chosen meters together, by the label ``by``."""
    return f"60 * sum {f'by ({by}) ' if by else ''}(rate({of(metric)}[$__rate_interval]))"
