"""Meters that call by themselves: what they push, and what is not taken from whom."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.style import CALM, NONE_IS_GOOD, Levels

CALLERS = Section(
    "Meters that call",
    (
        stat(
            "Callers connected",
            "Connections that meters and modems have open to LISTEN__PORT.",
            Query("dlms_listen_connections"),
            unit="short",
            empty="not scraped",
            levels=Levels(CALM),
        ),
        stat(
            "Unknown callers",
            "Callers that no meter of the settings is known by: `bridge callers` lists them, with the lines for .env.",
            Query("dlms_listen_unknown_callers"),
            unit="short",
            empty="not scraped",
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Held in memory",
            "What callers sent and is not on disk yet; nothing more is read from them meanwhile.",
            Query("dlms_listen_held_bytes"),
            unit="bytes",
            empty="not scraped",
            levels=Levels(CALM),
        ),
        stat(
            "Calls a minute",
            "Connections that callers opened. Many more than there are meters: somebody scans the port, or is cut off.",
            Query("60 * rate(dlms_listen_calls_total[5m])"),
            unit="short",
            empty="not scraped",
            levels=Levels(CALM),
            decimals=1,
        ),
        stat(
            "Bytes a second",
            "What callers send.",
            Query("rate(dlms_listen_received_bytes_total[5m])"),
            unit="Bps",
            empty="not scraped",
            levels=Levels(CALM),
        ),
        stat(
            "Longest without a push",
            "Since when the meter that was silent for longest has pushed nothing that was taken.",
            Query("time() - min(dlms_listen_last_push_timestamp_seconds > 0)"),
            unit="dtdurations",
            empty="none yet",
            levels=Levels(CALM),
        ),
        lines(
            "Pushed messages a minute",
            "By what became of them: stored on disk, had already, or nothing in it that could be sent.",
            Query("60 * sum by (result) (rate(dlms_listen_messages_total[$__rate_interval]))", "{{result}}"),
            unit="short",
            empty="nobody pushes",
        ),
        lines(
            "Not taken, a minute",
            "By reason. Replayed, plain or wrong-key from a meter that is known: look who sends in its name.",
            Query("60 * sum by (reason) (rate(dlms_listen_refused_total[$__rate_interval]))", "{{reason}}"),
            unit="short",
            empty="nothing was refused",
        ),
    ),
    is_open=False,
)
