"""Which way samples go to ThingsBoard: as it is said, else as there is a local broker or none."""

from __future__ import annotations

import pytest

from bridge.configuration.load import load
from tests.configuration.test_contradictions import NOWHERE, problems

TO_THINGSBOARD = {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "T", "METERS__MAIN__HOST": "m"}


def test_a_way_to_thingsboard_must_lead_there():
    (no_broker,) = problems(**TO_THINGSBOARD, THINGSBOARD__VIA="mosquitto")
    assert "BROKER__HOST names no broker" in no_broker
    (no_server,) = problems(METERS__MAIN__HOST="m", THINGSBOARD__VIA="direct")
    assert "THINGSBOARD__HOST names none" in no_server
    (neither,) = problems(**TO_THINGSBOARD, THINGSBOARD__VIA="pigeon")
    assert "THINGSBOARD__VIA" in neither


@pytest.mark.parametrize(
    ("given", "via"),
    [
        ({}, "direct"),
        ({"THINGSBOARD__VIA": "direct"}, "direct"),
        ({"BROKER__HOST": "mosquitto"}, "mosquitto"),
        ({"BROKER__HOST": "mosquitto", "THINGSBOARD__VIA": "Direct"}, "direct"),
        ({"BROKER__HOST": "mosquitto", "THINGSBOARD__VIA": "mosquitto"}, "mosquitto"),
    ],
)
def test_the_way_is_the_local_broker_where_there_is_one_and_direct_where_there_is_none(given, via):
    assert load(TO_THINGSBOARD | given, NOWHERE).via == via
