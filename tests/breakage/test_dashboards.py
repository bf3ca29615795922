"""Every query of the dashboards, asked of a real Prometheus that scraped the real bridge in its trouble."""

from contextlib import suppress

import pytest

from tests.breakage.test_breakage import plant  # noqa: F401 - a fixture
from tests.grafana.inventory import PANELS, as_grafana_asks

pytestmark = [pytest.mark.broker, pytest.mark.promtool, pytest.mark.timeout(450)]

_NO_AUDIT = "this ThingsBoard's REST API is not configured"
_NOBODY_CALLS = "these meters are called, and call nobody"
READ_BACK = "sum(rate(dlms_intervals_backfill_rows_total[20s])) and min(dlms_intervals_completeness_ratio)"
NOTHING_TO_SHOW = {
    "Unexpected bytes": "these meters send none",
    "Backlog empty in": "what waits for the next mark is a few samples, and need not get less",
    "Rate limit": "this ThingsBoard sets none",
    "Missing in ThingsBoard": _NO_AUDIT,
    "Values audited": _NO_AUDIT,
    "Last audit": _NO_AUDIT,
    "Longest without a push": _NOBODY_CALLS,
    "Pushed messages a minute": _NOBODY_CALLS,
    "Not taken, a minute": _NOBODY_CALLS,
    "Other values": "these meters have no register of another unit",
}
"""What stays empty here, and rightly so; tests/grafana fills it."""


async def test_every_query_returns_data_from_the_real_bridge(plant):  # noqa: F811
    # History is read while all is well; a meter that fails is left alone with it for a while.
    await plant.until(lambda: plant.asks(READ_BACK), "every meter's intervals are read back", timeout_s=150)
    plant.meters["main"].off()
    await plant.until(lambda: ("MeterDown", "main") in plant.firing(), "a meter is down, and an alert says so")
    await plant.meters["main"].on()
    await plant.until(lambda: plant.row("main")["state"] == "reading", "it is back")
    plant.meters["cellar"].off()
    await plant.until(lambda: plant.row("cellar")["state"] == "failing", "and another one fails")

    waits_for_data = {
        (panel["title"], target["expr"])
        for panel in PANELS
        for target in panel["targets"]
        if panel["title"] not in NOTHING_TO_SHOW and not target["expr"].startswith("3 * absent(")
    }

    def all_have_shown_some():
        for title, expr in tuple(waits_for_data):
            if plant.asks(as_grafana_asks(expr, rate_interval="20s", range_s=120)):
                waits_for_data.discard((title, expr))
        return not waits_for_data

    with suppress(AssertionError):
        await plant.until(all_have_shown_some, "every query has returned data", timeout_s=150)
    assert not waits_for_data
