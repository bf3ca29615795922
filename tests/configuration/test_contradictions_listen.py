"""Meters that call by themselves: what they need, and what cannot be."""

from __future__ import annotations

import pytest

from bridge.configuration.load import read
from tests.configuration.loading import NOWHERE, problems

PORT = {"LISTEN__PORT": "4059"}


def test_a_meter_that_calls_needs_no_host():
    found = read(PORT | {"METERS__MAIN__DIAL_IN": "TRUE", "METERS__MAIN__CALLER_ID": "imei 3511"}, NOWHERE)
    assert found.problems == []
    calling = found.resolved["main"].calling
    assert (calling.dial_in, calling.caller_id, calling.calls) == (True, "imei 3511", True)
    assert found.settings.meters["main"].host == ""


def test_a_meter_that_does_not_call_needs_one():
    [said] = problems(**PORT, METERS__MAIN__DIAL_IN="false", METERS__MAIN__CALLER_ID="x")
    missing = "METERS__MAIN__HOST: missing; every meter needs one"
    assert said == f"{missing}, or METERS__MAIN__DIAL_IN or PUSH_ONLY if it calls by itself"


@pytest.mark.parametrize("kind", ["DIAL_IN", "PUSH_ONLY"])
def test_a_meter_that_calls_needs_a_port_and_a_mark(kind):
    assert problems(**{f"METERS__MAIN__{kind}": "true"}) == [
        f"METERS__MAIN__{kind}: LISTEN__PORT is missing: there is no port that meter main could call",
        (
            f"METERS__MAIN__{kind}: nothing says by what meter main is known when it calls; give HOST (its source "
            "address), METER_SYSTEM_TITLE, LOGICAL_DEVICE_NAME or CALLER_ID (`bridge callers` shows who called)"
        ),
    ]


def test_a_meter_behind_a_modem_that_lacks_dial_in_is_told_that_and_nothing_of_a_host():
    modem = {"METERS__MAIN__DIAL_IN": "true", "METERS__MAIN__CALLER_ID": "imei 1"}
    [said] = problems(**PORT, **modem, METERS__HALL__VIA_CALLER="main", METERS__HALL__SERVER="2")
    assert said.startswith("METERS__HALL__VIA_CALLER=main: METERS__HALL__DIAL_IN=true is missing")


def test_a_mark_that_cannot_be_used_is_one_mistake_and_not_two():
    given = {"METERS__MAIN__PUSH_ONLY": "true", "METERS__MAIN__METER_SYSTEM_TITLE": "4B46"}
    assert problems(**PORT, **given) == ["METERS__MAIN__METER_SYSTEM_TITLE=4B46: must be 16 hexadecimal digits"]


def test_a_meter_is_read_or_only_heard():
    [problem] = problems(
        **PORT, METERS__MAIN__HOST="10.0.0.1", METERS__MAIN__DIAL_IN="true", METERS__MAIN__PUSH_ONLY="yes"
    )
    assert problem.startswith("METERS__MAIN__PUSH_ONLY: METERS__MAIN__DIAL_IN says the opposite")


@pytest.mark.parametrize(
    ("field", "value"),
    [("METER_SYSTEM_TITLE", "4B464D1020000001"), ("LOGICAL_DEVICE_NAME", "KFM1"), ("CALLER_ID", "imei 1")],
)
def test_two_meters_of_one_mark(field, value):
    [problem] = problems(
        **PORT,
        **{
            "METERS__A__HOST": "10.0.0.1",
            "METERS__B__HOST": "10.0.0.2",
            f"METERS__A__{field}": value,
            f"METERS__B__{field}": value.lower(),
        },
    )
    assert problem == (
        f"METERS__B__{field}={value.lower()}: meter a has the same (METERS__A__{field}); what one of them sends would "
        "be taken for the other's"
    )


def test_two_callers_behind_one_address_need_more_than_that():
    both = {"METERS__A__HOST": "10.0.0.1", "METERS__B__HOST": "10.0.0.1"}
    both |= {"METERS__A__PUSH_ONLY": "true", "METERS__B__PUSH_ONLY": "true"}
    assert problems(**PORT, **both)[0].startswith(
        "METERS__A__HOST: meter a calls from the address of meter b and is not to be told from it"
    )
    one = {"METERS__B__LOGICAL_DEVICE_NAME": "B"}
    assert len(problems(**PORT, **both, **one)) == 1, "what does not name b would be anybody's"
    assert read(PORT | both | one | {"METERS__A__METER_SYSTEM_TITLE": "4B464D1020000001"}, NOWHERE).problems == []


MODEM = PORT | {"METERS__MAIN__DIAL_IN": "true", "METERS__MAIN__CALLER_ID": "imei 351", "METERS__HALL__SERVER": "2"}


def test_a_meter_behind_anothers_modem_needs_no_mark():
    found = read(MODEM | {"METERS__HALL__DIAL_IN": "true", "METERS__HALL__VIA_CALLER": "Main"}, NOWHERE)
    assert found.problems == []
    assert found.resolved["hall"].host.lower() == found.resolved["main"].host.lower() == "call of main"


VIA = "METERS__HALL__VIA_CALLER"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"DIAL_IN": "no"},
            f"{VIA}=main: METERS__HALL__DIAL_IN=true is missing; only then a meter is read over a call",
        ),
        (
            {"HOST": "10.0.0.1"},
            f"METERS__HALL__HOST: meter hall is read over the call of main ({VIA}); HOST says nothing there: remove it",
        ),
        (
            {"VIA_CALLER": "mian"},
            f"{VIA}=mian: must be the name of another meter, the one that the modem is known by; ",
        ),
        ({"VIA_CALLER": "hall"}, f"{VIA}=hall: must be the name of another meter, the one that the modem is known by"),
        (
            {"SERVER": "1"},
            "METERS__MAIN__SERVER: meter main is the same as meter hall (METERS__HALL__SERVER): call of main, server 1",
        ),
        (
            {"FRAMING": "wrapper"},
            "METERS__MAIN__FRAMING: meter main speaks hdlc, but meter hall behind the same call of main speaks wrapper",
        ),
    ],
    ids=["not read over a call", "two ways", "misspelt", "itself", "one address", "two framings"],
)
def test_what_cannot_be_behind_one_modem(given, said):
    hall = {"VIA_CALLER": "main", "DIAL_IN": "true"} | given
    if hall["DIAL_IN"] == "no":
        hall["HOST"] = "10.0.0.1"  # every meter that does not call needs one
    found = problems(**MODEM | {f"METERS__HALL__{field}": value for field, value in hall.items()})
    assert any(one.startswith(said) for one in found), found
    assert len(found) == 1 + (hall["DIAL_IN"] == "no")


def test_a_modem_is_known_by_a_meter_that_opens_a_connection():
    both = {"METERS__HALL__DIAL_IN": "true", "METERS__HALL__VIA_CALLER": "main"}
    third = {"METERS__ROOF__DIAL_IN": "true", "METERS__ROOF__VIA_CALLER": "hall", "METERS__ROOF__SERVER": "3"}
    [problem] = problems(**MODEM, **both, **third)
    assert problem.startswith("METERS__ROOF__VIA_CALLER=hall: meter hall opens no connection of its own; name the one")


def test_the_port_is_not_the_pages_and_datagrams_want_one():
    [problem] = problems(LISTEN__PORT="9108", METERS__MAIN__HOST="a")
    assert problem == "LISTEN__PORT=9108: the bridge's own page has that port (HEALTH__PORT); choose another"
    assert problems(LISTEN__UDP="true", METERS__MAIN__HOST="a") == [
        "LISTEN__UDP: LISTEN__PORT is missing; it is the port for datagrams too"
    ]


def test_a_meter_that_is_only_heard_needs_no_password():
    main = {"METERS__MAIN__HOST": "10.0.0.1", "METERS__MAIN__PROFILE": "microstar"}
    assert read(PORT | main | {"METERS__MAIN__PUSH_ONLY": "true"}, NOWHERE).problems == []
    assert len(problems(**PORT, **main, METERS__MAIN__DIAL_IN="true")) == 1
