"""Our two dashboards: *Health* answers whether all is well, *Meter* shows what the chosen meters say, and how."""

from __future__ import annotations

from grafana.source.board import Annotation, Dashboard
from grafana.source.queries import JOB, MOST_LINES, of
from grafana.source.sections.audit import AUDIT
from grafana.source.sections.callers import CALLERS
from grafana.source.sections.conversation import CONVERSATION
from grafana.source.sections.delivery import DELIVERY
from grafana.source.sections.intervals import INTERVALS
from grafana.source.sections.meters import METERS
from grafana.source.sections.now import NOW
from grafana.source.sections.objective import OBJECTIVE
from grafana.source.sections.overview import FIRST_SCREEN
from grafana.source.sections.process import PROCESS
from grafana.source.sections.prometheus import PROMETHEUS
from grafana.source.sections.shards import SHARDS
from grafana.source.sections.values import VALUES

_EVENTS = (
    Annotation("Bridge started", f"1000 * process_start_time_seconds{{{JOB}}}", "Bridge started"),
    Annotation(
        "Meter back",
        f"1000 * topk({MOST_LINES}, {of('dlms_meter_recovered_timestamp_seconds')})",
        "{{meter}} answers again",
        is_on=False,
    ),
)

HEALTH = Dashboard(
    uid="dlms-bridge",
    title="DLMS bridge: Health",
    description="Meters in, ThingsBoard out: is everything fine, what is down since when and why, what waits.",
    meters_from="dlms_meter_up",
    takes_all=True,
    sections=(FIRST_SCREEN, METERS, INTERVALS, OBJECTIVE, DELIVERY, AUDIT, CALLERS, SHARDS, PROCESS, PROMETHEUS),
    annotations=_EVENTS,
    beside=(("dlms-bridge-meter", "Meter"),),
)
METER = Dashboard(
    uid="dlms-bridge-meter",
    title="DLMS bridge: Meter",
    description="What the chosen meters say, and how the conversation with them goes.",
    meters_from="dlms_meter_up",
    takes_all=False,
    sections=(NOW, VALUES, CONVERSATION),
    annotations=_EVENTS,
    beside=(("dlms-bridge", "Health"),),
)
FILES = {"bridge.json": HEALTH, "meter.json": METER}
