"""What ThingsBoard is told of the devices: announced before anything else, once, and again after a new session."""

import json

import pytest

from bridge.delivery.gateway import ATTRIBUTES, CONNECT, DISCONNECT, Gateway
from bridge.sample import Presence

HERE = Presence("main", present=True, attributes={"serial_number": "M17", "units": {"voltage_l1": "V"}})
GONE = Presence("main", present=False)


@pytest.fixture
def gateway():
    return Gateway({"main": "Hall 2"}, device_type="meter", version="9.9")


def told(gateway, count=100):
    return [(topic, json.loads(payload)) for topic, payload in gateway.take(count)]


def test_a_device_is_announced_with_its_type_before_its_attributes(gateway):
    gateway.notice(HERE)
    assert told(gateway) == [
        (CONNECT, {"device": "Hall 2", "type": "meter"}),
        (ATTRIBUTES, {"Hall 2": {"serial_number": "M17", "units": {"voltage_l1": "V"}, "bridge_version": "9.9"}}),
    ]


def test_what_did_not_change_is_not_told_again(gateway):
    gateway.notice(HERE)
    told(gateway)
    gateway.notice(HERE)
    assert not gateway.has_news


def test_an_attribute_that_changed_is(gateway):
    gateway.notice(HERE)
    told(gateway)
    gateway.notice(Presence("main", present=True, attributes={"serial_number": "M18"}))
    assert [topic for topic, _ in told(gateway)] == [ATTRIBUTES]


def test_a_meter_that_is_gone_is_disconnected_and_connected_when_it_is_back(gateway):
    gateway.notice(HERE)
    told(gateway)
    gateway.notice(GONE)
    assert told(gateway) == [(DISCONNECT, {"device": "Hall 2"})]
    gateway.notice(HERE)
    assert [topic for topic, _ in told(gateway)] == [CONNECT]


def test_a_flapping_meter_leaves_only_the_last_word_to_be_said(gateway):
    for presence in (HERE, GONE, HERE, GONE):
        gateway.notice(presence)
    assert [topic for topic, _ in told(gateway)] == [ATTRIBUTES, DISCONNECT]


def test_a_new_session_is_told_everything_of_those_who_are_there(gateway):
    gateway.notice(HERE)
    gateway.notice(Presence("other", present=True, attributes={"serial_number": "M2"}))
    gateway.notice(Presence("other", present=False))
    told(gateway)
    gateway.new_session()
    assert [topic for topic, _ in told(gateway)] == [CONNECT, ATTRIBUTES]


def test_a_fleet_is_told_in_portions(gateway):
    for number in range(50):
        gateway.notice(Presence(f"m{number}", present=True))
    assert len(told(gateway, 10)) == 10
    assert len(told(gateway)) == 40
    assert not gateway.has_news
