"""The dashboards: each file is what the source says, Grafana can place it, it names nothing that does not exist."""

import re
from itertools import combinations

import pytest
import yaml

from grafana.source.bridge import FILES
from tests.grafana.inventory import (
    DASHBOARDS,
    HEALTH,
    PANELS,
    ROOT,
    as_grafana_asks,
    instruments,
    labels_of_series,
    names_in,
    queries,
    series_names,
)

WITHOUT_A_PANEL: dict[str, str] = {
    "upstream_direct": "which way is configured; alerts need it, `bridge status` says it"
}
"""Attribute of ``Metrics`` → why nobody needs to see it."""

dashboards = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
panels = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
tables = pytest.mark.parametrize(
    "panel", [panel for panel in PANELS if panel["type"] == "table"], ids=lambda panel: panel["title"]
)


def test_the_files_are_what_the_source_builds():
    assert DASHBOARDS.keys() == FILES.keys()
    for name, source in FILES.items():
        text = (ROOT / "grafana/dashboards" / name).read_text(encoding="utf-8")
        assert text == source.text(), "run `python -m grafana.source`"


def test_health_is_what_grafana_opens_with():
    assert (HEALTH["uid"], HEALTH["title"]) == ("dlms-bridge", "DLMS bridge: Health")
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: /var/lib/grafana-dashboards/bridge.json" in compose


@dashboards
def test_a_dashboard_is_one_that_can_be_provisioned(dashboard):
    assert dashboard["refresh"] == "5s"
    assert dashboard["time"] == {"from": "now-30m", "to": "now"}
    assert "id" not in dashboard, "a database's number has no place in a provisioned file"


@dashboards
def test_a_dashboard_leads_to_the_others_and_to_nothing_that_is_not_there(dashboard):
    addresses = {f"/d/{other['uid']}" for other in DASHBOARDS.values()}
    assert {link["url"] for link in dashboard["links"]} == addresses - {f"/d/{dashboard['uid']}"}
    assert {address.partition("?")[0] for address in re.findall(r"/d/[^\"']+", str(dashboard))} <= addresses


@panels
def test_a_panel_says_what_it_shows(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert panel["description"].endswith("."), "a sentence for a technician"
    assert defaults["unit"]
    assert defaults["noValue"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"prometheus"}


@panels
def test_a_panel_is_of_a_kind_and_with_options_that_are_known_to_work(panel):
    assert set(panel["options"]) == {
        "stat": {
            "colorMode", "graphMode", "justifyMode", "orientation", "percentChangeColorMode", "reduceOptions",
            "showPercentChange", "textMode", "wideLayout",
        },
        "timeseries": {"legend", "tooltip"},
        "state-timeline": {"alignValue", "legend", "mergeValues", "rowHeight", "showValue", "tooltip"},
        "table": {"cellHeight", "frameIndex", "showHeader", "sortBy"},
    }[panel["type"]]  # fmt: skip
    for target in panel["targets"]:
        assert target["instant"] is not target["range"]
        assert target["instant"] == (panel["type"] in {"stat", "table"}), "the last word of a bridge that is gone"


@panels
def test_a_panel_has_colours_that_read_well_in_light_and_dark(panel):
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", str(panel))


@tables
def test_a_table_has_the_columns_that_its_queries_give(panel):
    *_, pick, order = panel["transformations"]
    letters = {target["refId"] for target in panel["targets"]}
    values = {f"Value #{letter}" for letter in letters} if len(letters) > 1 else {"Value"}
    labels = set().union(*labels_of_series().values())
    picked = set(pick["options"]["include"]["names"])
    assert values <= picked <= values | labels
    shown = order["options"]["renameByName"]
    assert set(shown) == set(order["options"]["indexByName"]) == picked
    assert {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]} == set(shown.values())
    assert {by["displayName"] for by in panel["options"]["sortBy"]} <= set(shown.values())


def test_every_panel_has_an_id_and_a_name_of_its_own():
    ids = [panel["id"] for dashboard in DASHBOARDS.values() for panel in dashboard["panels"]]
    titles = [panel["title"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)


@dashboards
def test_panels_lie_within_the_grid_and_on_no_other(dashboard):
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_no_query_names_a_metric_that_does_not_exist():
    known = labels_of_series()
    notes = [note["expr"] for dashboard in DASHBOARDS.values() for note in dashboard["annotations"]["list"]]
    for query in [*queries(PANELS), *notes]:
        assert names_in(query), query
        assert names_in(query) <= known.keys(), query


@pytest.mark.parametrize("attribute", instruments())
def test_every_metric_has_a_panel_or_a_reason(attribute):
    notes = [note["expr"] for note in HEALTH["annotations"]["list"]]
    shown = set().union(*(names_in(query) for query in [*queries(PANELS), *notes]))
    has_panel = bool(series_names(instruments()[attribute]) & shown)
    assert has_panel != (attribute in WITHOUT_A_PANEL), "give it a panel, or a reason in WITHOUT_A_PANEL"


@dashboards
def test_the_variable_lists_the_meters_and_takes_one_or_all(dashboard):
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["multi"], variable["includeAll"]) == ("meter", True, True)
    assert names_in(variable["query"]["query"]) <= labels_of_series().keys()
    assert variable["datasource"]["uid"] == "prometheus"


def test_every_variable_in_a_query_is_one_that_grafana_fills():
    for query in queries(PANELS):
        as_grafana_asks(query)


def test_the_job_in_the_queries_is_the_one_that_prometheus_scrapes():
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    asked = set(re.findall(r'job="(\w+)"', " ".join(queries(PANELS))))
    assert asked <= jobs


def test_the_data_source_is_the_one_that_is_provisioned():
    provisioned = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))
    (source,) = provisioned["datasources"]
    assert (source["type"], source["uid"]) == ("prometheus", "prometheus")
    assert source["jsonData"]["timeInterval"], "else Grafana takes 15 s for the scrape interval"
