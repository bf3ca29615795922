"""The page for people, without a browser: what stands in it, in which language, and what it may load."""

import base64
import hashlib
import re
import urllib.request
from dataclasses import replace

import pytest

from bridge.errors import LinkError
from bridge.health.page import HomePage, policy, template
from bridge.health.page_words import VERDICTS, language_of
from bridge.health.server import HealthServer
from bridge.health.verdict import VERDICTS as NAMES
from bridge.health.watched_meter import WatchedMeter
from tests.health.plant import NOW_S, Poller, of_a_shard


def page(plant, language="en", log=""):
    return HomePage(plant.status.report, plant.status.samples, lambda: log).html(language).decode()


def test_what_fails_stands_first_with_its_reason(plant):
    plant.cellar.fails(LinkError("10.0.0.1:4059: connection refused"), NOW_S - 12)
    html = page(plant)
    assert '<h1 class="bad">a meter fails: 1 of 2</h1>' in html
    assert html.index(">cellar<") < html.index(">main<")
    assert "failing, tcp: 10.0.0.1:4059: connection refused; next attempt in 8 s" in html


@pytest.mark.parametrize(
    ("held", "language", "said"),
    [
        (None, "en", ", shard 2 of 4</p>"),
        (True, "en", ", shard 2 of 4 on node-b, lease held</p>"),
        (False, "en", ", shard 2 of 4 on node-b, without its lease</p>"),
        (True, "es", ", fragmento 2 de 4 en node-b, tiene la concesión</p>"),
    ],
)
def test_a_shard_says_which_it_is(plant, held, language, said):
    whole = HomePage(lambda: of_a_shard(plant.report, held), plant.status.samples, str)
    assert said in whole.html(language).decode()
    assert "shard" not in page(plant)


def test_in_spanish_for_whoever_reads_spanish(plant):
    assert '<h1 class="good">todo va bien</h1>' in page(plant, "es")
    assert '<html lang="es">' in page(plant, "es")
    assert tuple(VERDICTS) == NAMES


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("es-CO,es;q=0.9,en;q=0.8", "es"), ("en-US,es;q=0.5", "en"), ("de, es;q=0.5", "es"), ("zz", "en")],
)
def test_the_browser_says_which(accepted, language):
    assert language_of(accepted) == language


def test_every_state_and_sentence_can_be_said_in_both(plant):
    plant.status.watch(tuple(WatchedMeter(f"m{number}", Poller()) for number in range(3)))
    plant.says(
        depth=1, oldest_ts_ms=int((NOW_S - 9) * 1000), broker_connected=None, needs_broker=False,
        upstream_configured=False, lost_full=2,
    )  # fmt: skip
    assert "none is set: samples are confirmed here and go nowhere" in page(plant)
    assert "1 muestra, desde hace 9 s" in page(plant, "es")
    plant.says(depth=7, broker_connected=True, upstream_configured=True, upstream_connected=False, upstream_why="gone")
    assert "7 samples, the oldest for 9 s" in page(plant)
    assert "sin conexión: gone" in page(plant, "es")


def test_completeness_is_there_where_it_is_kept(plant):
    assert "complete" not in page(plant).partition("<main>")[2]
    whole = plant.report
    meters = (replace(whole.meters[0], completeness_day=0.979), *whole.meters[1:])
    plant.status.report = lambda: replace(whole, meters=meters)
    assert "<th>complete, 1 day</th>" in page(plant)
    assert '<td class="share">97.9 %</td>' in page(plant)


def test_the_last_lines_of_the_log_alone(plant):
    html = page(plant, log="".join(f"line {number}\n" for number in range(100)))
    assert "line 99" in html
    assert "line 75" in html
    assert "line 74" not in html


def test_of_thousands_of_meters_five_hundred_are_shown(plant):
    plant.status.watch(tuple(WatchedMeter(f"m{number}", Poller()) for number in range(2000)))
    html = page(plant)
    assert html.count("<tr>") == 501
    assert "and 1500 more" in html


def test_the_browser_is_told_to_run_what_stands_in_the_page_and_nothing_else(plant):
    server = HealthServer(
        "127.0.0.1", 0, page=bytes, healthy=lambda: (True, ""), ready=lambda: (True, ""), status=dict,
        home=lambda language: page(plant, language).encode(),
    )  # fmt: skip
    try:
        asked = urllib.request.Request(server.address, headers={"Accept-Language": "es"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            body, told = answer.read().decode(), answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        server.close()
    assert "todo va bien" in body
    assert told == policy()
    for element in ("script", "style"):
        (inside,) = re.findall(f"<{element}>(.*?)</{element}>", body, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'" in told
    assert "unsafe" not in told
    assert not re.search(r"https?:|//\w", template().template), "nothing from elsewhere"
