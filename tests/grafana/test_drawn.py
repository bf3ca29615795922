"""Nine scenes on a real Prometheus, drawn in a real browser: what a stranger reads in ten seconds is what is so."""

import re

import pytest

from tests.grafana.drawn import Studio
from tests.grafana.history import prometheus_of
from tests.grafana.inventory import PANELS
from tests.grafana.scenes import DEAD_FOR_S, SCENES

pytestmark = pytest.mark.promtool

STATS = {panel["title"]: panel for panel in PANELS if panel["type"] == "stat"}
ALL_GREEN = {
    "Is all well?": ("all is well", "green"),
    "Meters failing": ("0", "green"),
    "ThingsBoard": ("up", "green"),
    "Complete": ("no load profiles", "grey"),
}
GREY = ("not scraped", "grey")
NOTHING = {"Meters failing": GREY, "Stalest meter": GREY, "ThingsBoard": GREY, "Oldest waiting": GREY}
TILES = {
    "healthy": ALL_GREEN | {"Complete": ("100%", "green")},
    "one dead": ALL_GREEN | {"Is all well?": ("a meter fails", "orange"), "Meters failing": ("1", "red")},
    "wrong password": ALL_GREEN | {"Is all well?": ("a meter fails", "orange"), "Meters failing": ("1", "red")},
    "upstream away": ALL_GREEN | {"Is all well?": ("ThingsBoard is away", "orange"), "ThingsBoard": ("down", "red")},
    "clock not set": ALL_GREEN | {"Is all well?": ("the clock is not set", "orange")},
    "gaps": ALL_GREEN | {"Is all well?": ("intervals are missing", "orange"), "Complete": ("68.6%", "red")},
    "200 meters": ALL_GREEN | {"Is all well?": ("a meter fails", "orange"), "Meters failing": ("7", "red")},
    "empty Prometheus": NOTHING | {"Is all well?": ("nothing is known", "grey")},
    "bridge down": NOTHING | {"Is all well?": ("the bridge is down", "red")},
}
ALERTS = {
    "healthy": [],
    "one dead": [("Meter is not read", "warning", "hall")],
    "wrong password": [("Password or key refused", "critical", "hall")],
    "upstream away": [("ThingsBoard is away", "warning")],
    "clock not set": [("The clock is not trusted", "warning")],
    "gaps": [("Intervals are missing", "warning", meter) for meter in ("cellar", "hall")],
    "200 meters": [("Meter is not read", "warning", f"block-{n}") for n in (1, 2, 3, 4, 5, 6, 7)],
    "empty Prometheus": [("Prometheus stores nothing", "critical")],
    "bridge down": [("The bridge does not answer", "critical")],
}
DOWN = {
    "one dead": [["hall", "20 minutes ago", "no connection", "10.0.0.3:4059"]],
    "wrong password": [["hall", "never", "password or key refused", "10.0.0.3:4059"]],
    "empty Prometheus": [["not scraped", "-"]],
    "bridge down": [["not scraped", "-"]],
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module", params=SCENES)
def drawn(request, studio, tmp_path_factory):
    """A scene's name, its two dashboards as drawn, and the Prometheus they were drawn from."""
    name = request.param
    scene = SCENES[name]
    with prometheus_of(scene, tmp_path_factory.mktemp("scene")) as there:
        health = studio.draw("bridge.json", there.port, name=f"{name} health".replace(" ", "-"))
        meter = studio.draw("meter.json", there.port, meters=scene.meters[-1:], name=f"{name} meter".replace(" ", "-"))
        yield name, health, meter


def test_every_query_is_answered_and_every_option_is_one_that_grafana_has(drawn):
    for page in drawn[1:]:
        assert (page.said["failed"], page.said["unknown"], page.said["broken"]) == ([], [], [])


def test_nothing_is_without_words_or_cut_off(drawn):
    for page in drawn[1:]:
        for title, panel in page.panels.items():
            assert panel.text, title
            assert "No data" not in panel.text, title
            assert "time field" not in panel.text, title
            assert not panel.said["cut"], title
            assert not panel.said["isTitleCut"], title


def test_what_nobody_knows_is_grey(drawn):
    for page in drawn[1:]:
        for title, stat in STATS.items():
            panel = page.panels.get(title)
            if panel is not None and panel.text == stat["fieldConfig"]["defaults"]["noValue"]:
                assert set(panel.colours) <= {"grey"}, title


def test_the_tiles_say_what_is_so(drawn):
    name, health, _ = drawn
    tiles = {title: (health.panels[title].text, *health.panels[title].colours) for title in TILES[name]}
    assert tiles == TILES[name]


def test_all_of_it_is_on_one_screen(drawn):
    _, health, _ = drawn
    assert {"Is all well?", "Alerts", "Meters down", "When what was down"} <= health.first_screen.keys()


def test_the_alerts_say_the_same_in_words(drawn):
    name, health, _ = drawn
    rows = health.panels["Alerts"].rows
    shown = [tuple(cell for cell in row if " ago" not in cell and cell != "-") for row in rows]
    assert sorted(tuple(word.partition("-flat")[0] for word in row) for row in shown) == ALERTS[name]
    if not rows:
        assert health.panels["Alerts"].text == "nothing to complain about"


def test_the_meters_that_are_down_are_named_with_the_reason(drawn):
    name, health, _ = drawn
    rows = [
        [re.sub(r"^2\d minutes ago$", "20 minutes ago", cell) for cell in row]
        for row in health.panels["Meters down"].rows
    ]
    if name in DOWN:
        assert rows == DOWN[name]
    elif name != "200 meters":
        assert health.panels["Meters down"].text == "every meter answers"


def test_the_timeline_shows_since_when(drawn):
    name, health, _ = drawn
    bands = health.panels["When what was down"].bands
    assert {"bridge", "broker", "ThingsBoard", "every meter"} <= bands.keys()
    last = {series: words[-1] for series, words in bands.items()}
    expected = dict.fromkeys(("bridge", "broker", "ThingsBoard", "every meter"), "up")
    expected |= {
        "one dead": {"every meter": "down", "hall": "down"},
        "wrong password": {"every meter": "down", "hall": "down"},
        "upstream away": {"ThingsBoard": "down"},
        "empty Prometheus": dict.fromkeys(expected, "not scraped"),
        "bridge down": dict.fromkeys(expected, "not scraped") | {"bridge": "down"},
    }.get(name, {})
    if name == "200 meters":
        assert len(last) <= 8
    else:
        assert last == expected


def test_the_page_of_a_meter_begins_with_its_state_and_the_reason(drawn):
    name, _, meter = drawn
    state, why = meter.panels["State"], meter.panels["Why"]
    expected = {
        "one dead": ("failing", "no connection"),
        "wrong password": ("failing", "password or key refused"),
        "empty Prometheus": ("not scraped", "not known"),
        "bridge down": ("not scraped", "not known"),
    }.get(name, ("up", "it answers"))
    assert (state.text, why.text) == expected
    assert {"State", "Why", "When it answered"} <= meter.first_screen.keys()


def test_a_meter_that_was_dead_for_22_of_30_minutes_was_up_for_a_quarter_of_them(tmp_path):
    with prometheus_of(SCENES["one dead"], tmp_path) as there:
        (series,) = there.now('avg_over_time(dlms_meter_up{meter="hall"}[30m])', time=there.history_ended_s)
        attempts = 'increase(dlms_meter_cycles_total{meter="hall", result="ok"}[30m]) / ignoring (result) '
        attempts += 'sum without (result) (increase(dlms_meter_cycles_total{meter="hall"}[30m]))'
        (of_attempts,) = there.now(attempts, time=there.history_ended_s)
    assert float(series["value"][1]) == pytest.approx(1 - DEAD_FOR_S / 1800, abs=0.015)
    assert float(of_attempts["value"][1]) > 0.7, "what a share of attempts would have said"
