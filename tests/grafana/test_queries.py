"""Every query of the dashboard, asked of a real Prometheus that scraped real metrics."""

import time
from functools import partial

import pytest

from bridge.health.metrics import Metrics
from bridge.ledger.books import MeterBook
from bridge.ledger.completeness import timeline
from bridge.ledger.history import History
from bridge.ledger.states import Range, painted
from tests.grafana.inventory import HEALTH, PANELS, SCRAPE_LABELS, as_grafana_asks, labels_of_series
from tests.grafana.real_prometheus import scraped

pytestmark = pytest.mark.promtool

REGISTERS = (
    ("voltage_l1", "V", 127.4),
    ("current_l1", "A", 1.23),
    ("active_power", "W", 156.0),
    ("active_energy", "Wh", 56348.0),
    ("frequency", "Hz", 60.0),
    ("reactive_power", "var", 12.0),
)
OVERVIEW = [panel for panel in HEALTH["panels"] if panel["type"] == "stat"]


def a_book(meter):
    """A load profile of a month of which six intervals of two hours ago are missing."""
    now_ms = int(time.time() * 1000)
    begin_ms = now_ms - 40 * 86_400_000
    keys = ("active_energy",), ("Wh",)
    of = History(1, meter, "1.0.99.1.0.255", "intervals", 1, 900, *keys, begin_ms=begin_ms, capacity=5760)
    gap = Range(of.end_at_or_before(now_ms - 7_200_000), of.end_at_or_before(now_ms - 1_800_000), "wanted")
    told = painted([Range(begin_ms, of.end_at_or_before(now_ms), "confirmed")], gap)
    return MeterBook(meter, now_ms, (timeline(of, told, now_ms=now_ms),))


def start(metrics, meters):
    """As the bridge starts: its meters are expected, ThingsBoard is configured."""
    for meter in meters:
        metrics.meters.expect(meter, interval_s=1.0, link="10.0.0.1:4059", profile="microstar")
    metrics.outbox.outbox_limit_bytes.set(512e6)
    metrics.delivery.upstream_configured.set(1)
    metrics.clock.clock_condition.labels("trusted").set(1)


def read(metrics, meter):
    """One cycle that gave a sample."""
    metrics.meters.meter_up.labels(meter).set(1)
    metrics.meters.meter_cycles.labels(meter, "ok").inc()
    metrics.meters.cycle_took(meter, 0.42)
    metrics.meters.request_took(meter, 0.08)
    metrics.meters.cycle_late(0.002)
    metrics.meters.meter_list_refused.labels(meter).set(1)
    metrics.meters.meter_left_out.labels(meter).set(1)
    metrics.meters.meter_counter_remaining.labels(meter).set(0.75)
    metrics.meters.meter_clock_drift.labels(meter).set(-3)
    metrics.meters.meter_recovered.labels(meter).set(time.time())
    metrics.meters.meter_last_success.labels(meter).set(time.time())
    metrics.ledger.show({meter: a_book(meter)})
    metrics.ledger.intervals_backfill_rows.labels(meter, "stored").inc(96)
    metrics.meters.meter_stale_bytes.labels(meter).inc(3)
    for key, unit, value in REGISTERS:
        metrics.meters.meter_value.labels(meter, key, unit).set(value)


def fail(metrics, meter):
    """One cycle that failed."""
    metrics.meters.meter_up.labels(meter).set(0)
    metrics.meters.meter_cycles.labels(meter, "failed").inc()
    metrics.meters.meter_errors.labels(meter, "tcp").inc()
    metrics.meters.meter_last_error.labels(meter, "tcp").set(time.time())
    metrics.meters.meter_reconnects.labels(meter, "tcp").inc()
    metrics.meters.meter_retries.labels(meter, "request").inc()


def deliver(metrics):
    """Samples on their way: of three one arrives, one waits and one is lost."""
    metrics.outbox.outbox_samples.set(7)
    metrics.outbox.outbox_bytes.set(128e6)
    metrics.outbox.outbox_oldest.set(time.time() - 20)
    metrics.outbox.outbox_accepted.inc(3)
    metrics.outbox.outbox_confirmed.inc()
    metrics.outbox.outbox_evicted.inc()
    metrics.outbox.outbox_commits.inc()
    metrics.delivery.broker_connected.set(1)
    metrics.delivery.broker_connects.inc()
    metrics.delivery.broker_messages.inc()
    metrics.delivery.upstream_connected.set(1)
    metrics.delivery.upstream_sessions.inc()
    metrics.delivery.upstream_short_sessions.inc()
    metrics.delivery.fence_seconds.observe(0.2)
    metrics.delivery.delivery_replayed.inc()
    metrics.delivery.delivery_rate_limit.set(20)
    metrics.process.wrong.labels("meter").set(1)
    metrics.process.shard.labels("1", "1").set(1)
    metrics.process.verdict.labels("a meter fails").set(1)
    metrics.process.disk_size.set(1e9)
    metrics.process.disk_free.set(5e8)
    metrics.delivery.delivery_marks.set(1)
    metrics.delivery.delivery_drain.set(40)
    metrics.outbox.last_confirmed.set(time.time())
    metrics.audit.audited_values.set(96)
    metrics.audit.audited_at.set(time.time() - 3600)
    metrics.listen.listen_messages.labels("stored").inc()
    metrics.listen.listen_refused.labels("wrong-key").inc()
    metrics.listen.listen_last_push.labels("main").set(time.time() - 30)


def asked(there, panel, **variables):
    """Return what each query of ``panel`` gives, asked as Grafana asks it."""
    for target in panel["targets"]:
        query = as_grafana_asks(target["expr"], **variables)
        yield target, there.now(query) if target["instant"] else there.over_time(query, range_s=60)


def has_answer(target):
    """Whether a bridge that reads answers the query: not what stands in for no answer."""
    return not target["expr"].startswith("3 * absent(")


def is_scraped(there, oldest_s):
    """Whether Prometheus knows this oldest sample by now."""
    (series,) = there.now("dlms_outbox_oldest_timestamp_seconds")
    return float(series["value"][1]) == pytest.approx(oldest_s)


def figure(there, title):
    """Return the only figure of the panel ``title``."""
    (panel,) = (panel for panel in PANELS if panel["title"] == title)
    ((_, series),) = asked(there, panel)
    (only,) = series
    return float(only["value"][1])


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A bridge with two meters; ``main`` is read, ``cellar`` answered once and fails since."""
    metrics = Metrics()
    with scraped(metrics, tmp_path_factory.mktemp("prometheus")) as there:
        start(metrics, ("main", "cellar"))
        read(metrics, "cellar")
        there.wait_until(lambda: bool(there.now("dlms_meter_up == 1")), "the first scrape")

        def lives_on():
            read(metrics, "main")
            fail(metrics, "cellar")
            deliver(metrics)
            return bool(there.now("rate(dlms_meter_errors_total[4s]) > 0"))

        there.wait_until(lives_on, "events between two scrapes")
        yield there


@pytest.mark.parametrize("meter", [".*", "(main|cellar)"])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_query_returns_data(there, panel, meter):
    def has_data():
        read(there.metrics, "main")
        fail(there.metrics, "cellar")
        deliver(there.metrics)
        return all(series for target, series in asked(there, panel, meter=meter) if has_answer(target))

    there.wait_until(has_data, f"every query of {panel['title']!r} returns data")


def test_every_label_in_a_query_exists_on_its_metric(there):
    known = labels_of_series()

    def check(node):
        """Return the labels that all series of ``node`` may have, having checked those below it."""
        if not isinstance(node, dict):
            return set()
        if node["type"] in {"vectorSelector", "matrixSelector"}:
            labels = known[node["name"]] | SCRAPE_LABELS
            used = {matcher["name"] for matcher in node["matchers"]} - {"__name__"}
            assert used <= labels, node
            return labels
        below = [check(child) for key, child in node.items() if key in {"expr", "lhs", "rhs", "param"}]
        below += [check(child) for child in node.get("args") or []]
        vectors = [labels for labels in below if labels]
        if node["type"] == "aggregation":
            assert set(node["grouping"]) <= set.union(*vectors), node
        if node["type"] == "binaryExpr" and node["matching"]:
            exists = all if node["matching"]["on"] else any
            assert exists(set(node["matching"]["labels"]) <= labels for labels in vectors), node
        return set.union(set(), *vectors)

    for panel in PANELS:
        for target in panel["targets"]:
            check(there.ask("parse_query", query=as_grafana_asks(target["expr"])))


def test_the_figures_at_the_top_are_the_events_that_were_counted(there):
    assert figure(there, "Bridge") == 2
    assert figure(there, "Meters failing") == 1
    assert figure(there, "Broker") == 2
    assert figure(there, "ThingsBoard") == 2
    assert figure(there, "Samples waiting") == 7
    assert figure(there, "Alerts are judged") == 1
    assert 0 < figure(there, "Error budget left") <= 1


def test_a_line_with_one_name_is_one_series(there):
    oldest = there.metrics.outbox.outbox_oldest
    for value in (0, time.time()):
        oldest.set(value)
        there.wait_until(partial(is_scraped, there, value), "it is scraped")
    for panel in PANELS:
        for target, series in asked(there, panel):
            if target["format"] != "table" and "{{" not in target["legendFormat"]:
                assert len(series) <= 1, (panel["title"], target["expr"])


def test_a_value_is_not_shown_while_its_meter_fails(there):
    (table,) = (panel for panel in PANELS if panel["title"] == "Every value now")
    ((_, rows),) = asked(there, table)
    assert {row["metric"]["meter"] for row in rows} == {"main"}
    assert {row["metric"]["unit"] for row in rows} == {unit for _, unit, _ in REGISTERS}


def test_the_table_of_meters_names_the_failing_one_and_its_error(there):
    (table,) = (panel for panel in PANELS if panel["title"] == "Every meter")
    state, power, up, _, error, *_ = (series for _, series in asked(there, table))
    assert {row["metric"]["meter"]: row["value"][1] for row in state} == {"main": "1", "cellar": "0"}
    assert [(row["metric"]["meter"], row["value"][1]) for row in power] == [("main", "156")]
    assert {row["metric"]["meter"]: round(float(row["value"][1])) for row in up} == {"main": 1, "cellar": 0}
    assert [(row["metric"]["meter"], row["metric"]["stage"]) for row in error] == [("cellar", "tcp")]


def test_a_restart_is_marked_at_its_own_time(there):
    start, back = HEALTH["annotations"]["list"]
    (series,) = there.now(start["expr"])
    assert abs(float(series["value"][1]) / 1000 - time.time()) < 3600
    marked = there.now(as_grafana_asks(back["expr"]))
    assert {series["metric"]["meter"] for series in marked} == {"main", "cellar"}


def test_a_bridge_that_is_gone_is_down_and_says_nothing_else(tmp_path):
    metrics = Metrics()
    start(metrics, ("main",))
    read(metrics, "main")
    deliver(metrics)
    with scraped(metrics, tmp_path) as there:
        there.wait_until(lambda: bool(there.now('up{job="bridge"} == 1')), "the first scrape")
        there.close_bridge()
        there.wait_until(lambda: bool(there.now('up{job="bridge"} == 0')), "a scrape that fails")
        assert figure(there, "Bridge") == 1
        for panel in OVERVIEW:
            answers = [series for _, series in asked(there, panel)]
            if panel["title"] == "Is all well?":
                assert [series["metric"] for series in answers[0]] == [{"verdict": "the bridge is down"}]
            else:
                assert answers == [[]] * len(answers), panel["title"]


def test_a_bridge_without_thingsboard_or_meters_shows_so(tmp_path):
    metrics = Metrics()
    with scraped(metrics, tmp_path) as there:
        there.wait_until(lambda: bool(there.now('up{job="bridge"} == 1')), "the first scrape")
        assert figure(there, "ThingsBoard") == 0
        assert figure(there, "Oldest waiting") == 0
        assert figure(there, "Broker") == 1


def test_a_thousand_meters_draw_no_more_lines_than_a_person_can_read(tmp_path):
    metrics = Metrics()
    meters = [f"meter {number}" for number in range(1000)]
    start(metrics, meters)
    with scraped(metrics, tmp_path, interval_s=2) as there:

        def lives_on():
            for number, meter in enumerate(meters):
                (fail if number % 3 else read)(metrics, meter)
            return len(there.over_time('up{job="bridge"} == 1', range_s=60)) == 1 and bool(
                there.now("sum(rate(dlms_meter_errors_total[8s])) > 0")
            )

        there.wait_until(lives_on, "events of a thousand meters between two scrapes")
        for panel in PANELS:
            began_s = time.perf_counter()
            for _, series in asked(there, panel, rate_interval="8s"):
                if panel["type"] != "table":
                    assert len(series) <= 10, panel["title"]
            print(f"{panel['title']}: {1000 * (time.perf_counter() - began_s):.0f} ms")
        there.wait_until(lambda: bool(there.now("dlms_meter_up")), "a scrape that was not too slow for two seconds")
        assert figure(there, "Meters failing") == 666
