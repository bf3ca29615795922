"""``bridge events``: the meters' own logs, in words."""

from __future__ import annotations

import pytest

from bridge.cli.events.words_in_spanish import IN_SPANISH, LOGS_IN_SPANISH
from bridge.dlms.event_codes import EVENT_CODES, event_log_name

FRAUD = "0.0.99.98.1.255"


@pytest.fixture
def log(shelf):
    shelf.log("main", (120, 1, "power down"), (118, 2, "power up"), (3, 201, "relay stuck", "wanted"))
    shelf.log("main", (2, 44, "meter cover opened", "on its way"), name=FRAUD)
    shelf.log("cellar", (1, 1, "mains lost"))
    return shelf


def rows(text):
    return [" ".join(line.split()) for line in text.splitlines()[2:]]


def test_each_event_is_a_line_oldest_first_with_its_log_and_what_became_of_it(desk, log):
    code, text = desk.events("main")
    assert code == 0
    assert rows(text) == [
        "2026-11-18 12:00:00 main standard 1 power down",
        "2026-11-18 14:00:00 main standard 2 power up",
        "2026-11-23 09:00:00 main standard 201 relay stuck not sent yet",
        "2026-11-23 10:00:00 main fraud 44 meter cover opened on its way to ThingsBoard",
    ]


def test_in_spanish_the_usual_codes_are_translated_and_the_makers_own_words_stay(desk, log):
    text = desk.events(lang="es")[1]
    assert "main     estándar  1       corte de energía" in text
    assert "main     fraude    44      tapa del medidor abierta  en camino a ThingsBoard" in text
    assert "relay stuck" in text
    assert "mains lost" in text, "code 1 in the profile's words"


def test_every_usual_code_and_log_has_spanish_words():
    assert IN_SPANISH.keys() == EVENT_CODES.keys()
    assert len(set(IN_SPANISH.values())) >= len(IN_SPANISH) - 1
    assert {event_log_name(f"0.0.99.98.{e}.255") for e in range(6)} == LOGS_IN_SPANISH.keys()


def test_since_and_limit(desk, log):
    assert len(rows(desk.events("main", since="1d")[1])) == 2
    assert len(rows(desk.events("main", since="2026-11-18T14:00")[1])) == 3
    assert len(rows(desk.events("main", since="2026-11-18T09:00-05:00")[1])) == 3, "the same time, with an offset"
    text = desk.events("main", limit=1)[1]
    assert "cover opened" in text
    assert "power" not in text
    assert "the newest 1; more with --limit or --since" in text


def test_json(desk, log):
    code, document = desk.events("main", limit=2, as_json=True)
    assert code == 0
    assert document[-1] == {
        "time": "2026-11-23T10:00:00Z", "meter": "main", "log": "fraud", "obis": "0-0:99.98.1", "code": 44,
        "event": "meter cover opened", "state": "on its way",
    }  # fmt: skip


def test_none_in_that_time_and_no_log_at_all_are_two_things(desk, log):
    assert "no event of cellar in that time" in desk.events("cellar", since="30min")[1]
    log.profile("hall", (48, 0, "confirmed"))
    code, text = desk.events("hall")
    assert code == 0
    assert "no event log of hall; none of it was read yet" in text


@pytest.mark.parametrize(
    ("since", "said"),
    [("tomorrow", "--since tomorrow: no time"), ("2026-11-24", "--since 2026-11-24 00:00 (UTC) lies in the future")],
)
def test_a_time_that_makes_no_sense(desk, log, since, said):
    code, text = desk.events("main", since=since)
    assert code == 2
    assert said in text


def test_a_meter_that_nobody_knows(desk, log):
    assert desk.events("nobody")[0] == 2
