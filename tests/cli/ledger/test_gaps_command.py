"""``bridge gaps``: what is missing, why, and until when it can be had."""

from __future__ import annotations

import pytest

from bridge.ledger.history import History
from bridge.ledger.states import Range
from tests.ledger.shelf import ago

DAY = ago(36)
"""The day before yesterday's noon began at midnight: 2026-11-22."""


@pytest.fixture
def gaps_of_every_kind(shelf):
    return shelf.profile(
        "main",
        (300, 250, "confirmed"), (250, 240, "overwritten"), (240, 120, "confirmed"),
        (120, 118, "meter was off", "power down"), (118, 20, "confirmed"), (20, 18, "wanted"), (18, 6, "confirmed"),
        (6, 5, "on its way"), (5, 4, "refused", "the device is not accepted"), (4, 0, "confirmed"),
        begin=300, capacity=5760,
    )  # fmt: skip


def test_every_gap_says_when_why_and_until_when(desk, gaps_of_every_kind):
    code, text = desk.gaps("main")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert code == 1
    assert "now: 2026-11-23 12:00; all times are UTC" in lines
    assert "main 1-0:99.1.0 15 min 83.1 % 97.6 % 95.3 % 12 44 2027-01-21 16:15" in lines
    assert "2026-11-13 02:00 2026-11-13 12:00 40 gone: overwritten" in lines
    assert "2026-11-18 12:00 2026-11-18 14:00 8 never was the meter was off (power down)" in lines
    assert "2026-11-22 16:00 2026-11-22 18:00 8 missing: not read yet 2027-01-21 16:15" in lines
    assert "2026-11-23 06:00 2026-11-23 07:00 4 missing: read, not stored yet 2027-01-22 06:15" in lines
    assert "2026-11-23 07:00 2026-11-23 08:00 4 gone: refused the device is not accepted" in lines
    assert "! 12 intervals are missing and can still be had; the bridge reads them by itself, the oldest first" in lines
    assert "✘ 44 intervals of the last month are gone for good" in lines


def test_in_spanish_and_the_reason_as_the_ledger_has_it(desk, gaps_of_every_kind):
    code, text = desk.gaps("main", lang="es")
    assert code == 1
    assert "nunca existió                  el medidor estaba apagado (corte de energía)" in text
    assert "perdido: rechazado             the device is not accepted" in text
    assert "faltan 12 intervalos que aún se pueden obtener" in text


def test_a_meter_that_has_everything_is_well(desk, shelf):
    shelf.profile("main", (48, 10, "confirmed"), (10, 8, "meter was off"), (8, 0, "confirmed"))
    code, text = desk.gaps("main")
    assert code == 0
    assert "every interval that is due is stored" in text
    assert "100.0 %  100.0 %  100.0 %  0        0" in text


def test_a_share_is_never_rounded_up_to_all(desk, shelf):
    shelf.profile("main", (700, 699.75, "wanted"), (699.75, 0, "confirmed"), begin=700)
    assert "99.9 %" in desk.gaps("main")[1]


def test_a_meter_without_a_history_is_named_and_is_no_fault_of_the_others(desk, shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    code, text = desk.gaps()
    assert code == 0
    assert "cellar: no load profile; none of it was read yet" in text
    assert desk.gaps("CELLAR")[0] == 1


def test_why_a_meter_has_none_is_said_as_far_as_the_settings_tell(desk, shelf, tmp_path):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "bare.toml").write_text('[[registers]]\nkey = "energy"\nobis = "1-0:1.8.0"\n')
    desk.environ |= {"PROFILES_DIR": str(profiles), "METERS__MAIN__PROFILE": "bare"}
    assert "main: no load profile; its profile names none ([[load_profiles]])" in desk.gaps("main")[1]
    desk.environ["LEDGER__ENABLED"] = "false"
    assert "main: no load profile; the ledger is off (LEDGER__ENABLED)" in desk.gaps("main")[1]
    assert "main: sin perfil de carga; el registro está desactivado" in desk.gaps("main", lang="es")[1]


def test_a_meter_that_is_no_longer_configured_is_still_in_the_books(desk, shelf):
    shelf.profile("old", (48, 0, "confirmed"))
    assert "old" in desk.gaps("old")[1]


@pytest.mark.parametrize(("lang", "said"), [("en", "no meter 'nobody'; there are: "), ("es", "no hay ningún medidor")])
def test_a_meter_that_nobody_knows(desk, shelf, lang, said):
    code, text = desk.gaps("nobody", lang=lang)
    assert code == 2
    assert said in text
    assert "main" in text


def test_before_the_bridge_has_ever_run_there_is_no_ledger(desk):
    code, text = desk.gaps()
    assert code == 2
    assert "there is no ledger yet" in text
    assert not desk.folder.exists(), "and asking makes none"


def test_a_file_that_is_no_ledger_is_an_error_and_no_traceback(desk):
    desk.folder.mkdir()
    (desk.folder / "ledger.db").write_bytes(b"no database at all" * 100)
    code, document = desk.gaps(as_json=True)
    assert code == 2
    assert "ledger.db" in document["error"]


def test_json_has_every_gap(desk, gaps_of_every_kind):
    code, document = desk.gaps("main", as_json=True)
    assert code == 1
    (meter,) = document["meters"]
    assert meter["missing"] == 12
    assert meter["completeness"]["day"] == pytest.approx(79 / 95)
    (profile,) = meter["load_profiles"]
    assert (profile["obis"], profile["period_s"], profile["capacity"]) == ("1-0:99.1.0", 900, 5760)
    assert profile["gaps"][1] == {
        "from": "2026-11-18T12:00:00Z", "to": "2026-11-18T14:00:00Z", "intervals": 8, "state": "meter was off",
        "reason": "power down", "until": None,
    }  # fmt: skip


def test_only_the_newest_of_many_gaps_are_shown_unless_asked_for_all(desk, shelf):
    parts = [(400 - n * 10, 395 - n * 10, "wanted") for n in range(30)]
    whole = [(395 - n * 10, 390 - n * 10, "confirmed") for n in range(30)]
    shelf.profile("main", *parts, *whole, (100, 0, "confirmed"), begin=400)
    text = desk.gaps("main")[1]
    assert text.count("missing: not read yet") == 20
    assert "and 10 older ones: --all" in text
    assert desk.gaps("main", everything=True)[1].count("missing: not read yet") == 30


def test_of_a_fleet_those_that_lack_most_are_shown_and_the_rest_is_folded(desk, shelf):
    for number in range(40):
        gap = (30, 28, "wanted") if number % 2 else (30, 28, "confirmed")
        shelf.profile(f"m{number:02}", (48, 30, "confirmed"), gap, (28, 0, "confirmed"))
    shelf.profile("worst", (48, 4, "confirmed"))
    code, text = desk.gaps()
    assert code == 1
    assert text.splitlines()[3].startswith("worst")
    assert "and 21 more meters, which lack less or nothing: --all" in text
    assert "missing: not read yet" not in text, "each gap of twenty meters would be no page"
    assert "m39" in desk.gaps(everything=True)[1]
    assert "missing: not read yet" in desk.gaps("m01")[1]


def confirm(shelf, number, *, rises_by=130, without=(), wrong_by=0):
    """A day whose totals rise by so much in each interval, of which some differences are not there."""
    totals = {DAY + n * 900_000: 1000.0 + n * rises_by for n in range(97)}
    deltas = {start: float(rises_by) for n, start in enumerate(list(totals)[:96]) if n not in without}
    deltas[DAY + 90 * 900_000] += wrong_by
    with shelf.store.changing() as changes:
        changes.confirm(number, {"lp_active_energy": totals, "lp_active_energy_delta": deltas})


def energy(shelf):
    history = History(0, "main", "1.0.99.1.0.255", "intervals", 1, 900, ("lp_active_energy",), ("Wh",), begin_ms=DAY)
    with shelf.store.changing() as changes:
        number = changes.begin(history)
        changes.paint(number, Range(DAY, ago(0), "confirmed"))
    return number


def test_a_day_that_adds_up_is_counted_and_not_listed(desk, shelf):
    confirm(shelf, energy(shelf))
    text = desk.gaps("main")[1]
    assert "sum check: 1 of 1 days add up" in text
    assert "2026-11-22" not in text


def test_a_day_with_missing_intervals_says_how_much_fell_into_them(desk, shelf):
    confirm(shelf, energy(shelf), without=(40, 41))
    assert (
        "2026-11-22  lp_active_energy: 2 intervals have no difference of their own; +260 Wh fell into them"
        in desk.gaps("main")[1]
    )


def test_a_day_that_does_not_add_up_says_by_how_much(desk, shelf):
    confirm(shelf, energy(shelf), wrong_by=7)
    text = desk.gaps("main")[1]
    assert "sum check: 0 of 1 days add up" in text
    assert "the totals rose by -7 Wh more than the intervals hold" in text


def test_a_day_of_which_a_total_is_not_known_is_no_failure_and_shown_on_demand(desk, shelf):
    number = energy(shelf)
    confirm(shelf, number)
    with shelf.store.changing() as changes:
        changes.confirm(number, {"lp_active_energy_delta": {DAY - 900_000: 5.0}})
    text = desk.gaps("main")[1]
    assert "sum check: 1 of 1 days add up" in text
    assert "2026-11-21" not in text
    text = desk.gaps("main", everything=True)[1]
    assert "2026-11-21  lp_active_energy: a total is not known, nothing to compare" in text
