"""The dashboards: each file is what the source says, Grafana can place it, it names nothing that does not exist."""

import re
from itertools import combinations

import pytest
import yaml

from bridge.errors import MeterError
from bridge.health.verdict import VERDICTS
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
    "upstream_direct": "which way is configured; alerts need it, `bridge status` says it",
    "shard_held": "an alert needs it; `bridge status` says who holds it",
    "lease_left": "a few seconds at any time; for whoever looks into a lease that is lost",
    "witnesses": "how many are configured; an alert needs it",
    "witnesses_answering": "an alert needs it; `bridge witness --look` says which",
    "shard_takeovers": "for whoever looks into a lease that is lost",
}
"""Attribute of ``Metrics`` → why nobody needs to see it."""

dashboards = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
panels = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
stats = pytest.mark.parametrize(
    "panel", [panel for panel in PANELS if panel["type"] == "stat"], ids=lambda panel: panel["title"]
)
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
    assert dashboard["refresh"] == "10s"
    assert dashboard["time"] == {"from": "now-30m", "to": "now"}
    assert "id" not in dashboard, "a database's number has no place in a provisioned file"


@dashboards
def test_a_dashboard_leads_to_the_others_and_to_nothing_that_is_not_there(dashboard):
    addresses = {f"/d/{other['uid']}" for other in DASHBOARDS.values()}
    assert {link["url"] for link in dashboard["links"]} == addresses - {f"/d/{dashboard['uid']}"}
    assert {address.partition("?")[0] for address in re.findall(r"/d/[^\"']+", str(dashboard))} <= addresses
    assert all(link["keepTime"] and not link["includeVars"] for link in dashboard["links"]), "the way back shows all"
    assert all(
        "${__url_time_range}" in address for address in re.findall(r"/d/[^\"']+var-meter[^\"']+", str(dashboard))
    )


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
    assert set(panel["options"]) - {"text"} == {
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


@stats
def test_a_figure_that_nobody_knows_is_grey_and_says_so(panel):
    defaults = panel["fieldConfig"]["defaults"]
    special = [mapping["options"] for mapping in defaults["mappings"] if mapping["type"] == "special"]
    grey = {"text": defaults["noValue"], "color": "dimgray", "index": 99}
    assert special == [{"match": "null+nan", "result": grey}], "else it has the lowest level's colour"


@pytest.mark.parametrize(
    "panel", [panel for panel in PANELS if panel["type"] == "state-timeline"], ids=lambda panel: panel["title"]
)
def test_a_timeline_has_a_series_when_there_is_no_other(panel):
    assert any("absent(" in target["expr"] for target in panel["targets"]), "it ignores noValue"


@panels
def test_no_panel_counts_attempts_for_time(panel):
    ratio = r"dlms_meter_cycles_total.*?/.*?dlms_meter_cycles_total"
    assert not any(re.search(ratio, target["expr"], re.DOTALL) for target in panel["targets"])


@panels
def test_no_more_lines_than_a_person_can_read(panel):
    asked = " ".join(target["expr"] for target in panel["targets"])
    assert all(int(most) <= 10 for most in re.findall(r"(?:top|bottom)k\((\d+)", asked) if panel["type"] != "table")


@stats
def test_a_word_for_every_verdict_of_the_bridge_and_no_other(panel):
    if panel["title"] != "Is all well?":
        return
    (words,) = (
        mapping["options"] for mapping in panel["fieldConfig"]["defaults"]["mappings"] if mapping["type"] == "value"
    )
    assert set(words) == {*VERDICTS, "the bridge is down"}
    assert [word for word, looks in words.items() if looks["color"] == "green"] == ["all is well"]
    assert all(len(looks["text"]) <= 26 for looks in words.values()), "else it takes two lines"


def test_a_word_for_every_stage_where_a_meter_fails():
    stages = {error.stage for error in (MeterError, *_below(MeterError)) if hasattr(error, "stage")}
    for panel in PANELS:
        columns = [by for by in panel["fieldConfig"]["overrides"] if by["matcher"]["options"] == "Why"]
        for by in columns:
            (mappings,) = (prop["value"] for prop in by["properties"] if prop["id"] == "mappings")
            assert stages <= set(mappings[0]["options"])


def _below(error):
    return {one for child in error.__subclasses__() for one in (child, *_below(child))}


def test_the_first_screen_is_all_on_660_pixels():
    row, *_ = (panel for panel in HEALTH["panels"] if panel["type"] == "row")
    assert 96 + row["gridPos"]["y"] * 38 <= 660


@tables
def test_a_table_has_the_columns_that_its_queries_give(panel):
    if panel["transformations"][0]["id"] == "groupingToMatrix":
        return
    _, pick, order = panel["transformations"]
    letters = {target["refId"] for target in panel["targets"]}
    values = {f"Value #{letter}" for letter in letters} if len(letters) > 1 else {"Value"}
    labels = {"instance"}.union(*labels_of_series().values())  # the scrape gives that one
    picked = set(pick["options"]["include"]["names"])
    assert picked <= values | labels
    shown = order["options"]["renameByName"]
    assert set(shown) == set(order["options"]["indexByName"]) == picked
    assert {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]} == set(shown.values())
    assert {by["displayName"] for by in panel["options"]["sortBy"]} <= set(shown.values())


def test_every_panel_has_an_id_and_a_name_of_its_own():
    rows = [panel for dashboard in DASHBOARDS.values() for panel in dashboard["panels"] if panel["type"] == "row"]
    ids = [panel["id"] for panel in (*rows, *PANELS)]
    titles = [panel["title"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)


@dashboards
def test_panels_lie_within_the_grid_and_on_no_other(dashboard):
    for row in dashboard["panels"]:
        _lie_apart([panel["gridPos"] for panel in row.get("panels", [])])
    _lie_apart([panel["gridPos"] for panel in dashboard["panels"]])


def _lie_apart(places):
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
    assert (variable["name"], variable["multi"]) == ("meter", True)
    assert variable["includeAll"] == (dashboard is HEALTH), "the page of a meter opens on one"
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
