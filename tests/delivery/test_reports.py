"""What ThingsBoard is told of the meters besides samples: once, when it changes, and until it is known to be stored."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.names import Names
from bridge.delivery.reports import ATTRIBUTES, DEVICE_ATTRIBUTES, OWN_TELEMETRY, Reports
from bridge.sample import Presence
from tests.thingsboard.client import Client

HERE = Presence("main", present=True, attributes={"serial_number": "M17", "units": {"voltage_l1": "V"}})


@pytest.fixture
def reports() -> Reports:
    return Reports(Names({"main": "Hall 2"}), version="9.9.9")


def take(reports: Reports, *, may=lambda device: True, most: float = 100):
    return reports.take(may, most=most)


def told(reports: Reports, **more):
    found = []
    while (message := take(reports, **more)) is not None:
        found.append((message.topic, json.loads(message.payload)))
    return found


def test_a_device_is_told_its_attributes_and_the_bridges_version_under_its_name_over_there(reports):
    reports.notice(HERE)
    assert told(reports) == [
        (ATTRIBUTES, {"Hall 2": {"serial_number": "M17", "units": {"voltage_l1": "V"}, "bridge_version": "9.9.9"}})
    ]


def test_what_did_not_change_is_not_told_again_and_what_did_is(reports):
    reports.notice(HERE)
    told(reports)
    reports.notice(HERE)
    assert told(reports) == []
    reports.notice(Presence("main", present=True, attributes={"serial_number": "M18"}))
    ((_, content),) = told(reports)
    assert content["Hall 2"] == {"serial_number": "M18", "units": {"voltage_l1": "V"}, "bridge_version": "9.9.9"}


def test_a_presence_without_attributes_says_nothing(reports):
    reports.notice(Presence("main", present=False))
    assert told(reports) == []


def test_a_device_that_is_not_open_is_told_later(reports):
    reports.notice(HERE)
    assert told(reports, may=lambda device: False) == []
    assert reports.new_devices() == ["Hall 2"]
    assert reports.new_devices() == []
    reports.began(0.0)
    assert reports.new_devices() == ["Hall 2"]
    assert len(told(reports)) == 1


def test_what_may_be_lost_is_told_again_until_it_is_stored(reports):
    reports.notice(HERE)
    take(reports)
    reports.put_back()
    message = take(reports)
    assert message is not None
    reports.stored(message, 0.0)
    reports.put_back()
    assert told(reports) == []


def test_many_devices_go_in_few_messages_and_each_counts(reports):
    for number in range(50):
        reports.notice(Presence(f"m{number}", present=True, attributes={"serial_number": "S"}))
    message = take(reports)
    assert (message.entries, message.points, message.regular) == (20, 40, 0)
    assert take(reports, most=3).entries == 3
    assert sum(len(content) for _, content in told(reports)) == 27


def test_a_device_that_is_gone_over_there_is_told_everything_again(reports):
    reports.notice(HERE)
    told(reports)
    reports.forget("Hall 2")
    assert len(told(reports)) == 1


def test_the_gateways_own_figures_are_of_now_and_never_told_twice(reports):
    reports.report({"backlog": 1})
    reports.report({"backlog": 3})
    message = take(reports)
    assert (message.topic, json.loads(message.payload)) == (OWN_TELEMETRY, {"backlog": 3})
    assert message.is_own  # which only the tenant's limits count
    reports.put_back()
    assert take(reports) is None


def test_in_device_mode_attributes_have_no_name_on_them_and_the_gateways_figures_no_room():
    reports = Reports(Names({"main": "Hall 2"}), version="9.9.9", as_device=True)
    reports.report({"backlog": 3})
    reports.notice(HERE)
    ((topic, content),) = told(reports, may=lambda device: False)
    assert (topic, content["serial_number"]) == (DEVICE_ATTRIBUTES, "M17")


def test_a_serial_number_of_digits_stays_text_over_there(reports):
    reports.notice(Presence("main", present=True, attributes={"serial_number": "00012345", "firmware": "1\0"}))
    ((topic, content),) = told(reports)
    assert content["Hall 2"]["serial_number"] == " 00012345"
    client = Client()
    client.publish(topic, content)
    client.wait(5)
    assert client.server.attributes("Hall 2")["serial_number"] == " 00012345"
    assert client.server.attributes("Hall 2")["firmware"] == "1\N{REPLACEMENT CHARACTER}"


def test_a_state_is_told_alone_when_it_changes_and_with_the_attributes_when_they_do(reports):
    reports.tell_state("main", "ok")
    assert told(reports) == [(ATTRIBUTES, {"Hall 2": {"state": "ok"}})]
    reports.tell_state("main", "ok")
    assert told(reports) == []
    reports.tell_state("main", "failing")
    reports.notice(HERE)
    ((_, content),) = told(reports)
    assert (content["Hall 2"]["state"], content["Hall 2"]["serial_number"]) == ("failing", "M17")


def test_a_state_is_told_again_in_a_session_that_begins_unless_it_was_stored_lately(reports):
    reports.tell_state("main", "failing")
    reports.stored(take(reports), 1000.0)
    reports.began(1299.0)
    assert told(reports) == []
    reports.began(1300.0)
    assert told(reports) == [(ATTRIBUTES, {"Hall 2": {"state": "failing"}})]


def test_when_the_bridge_stops_each_open_device_is_told_once_that_it_is_off(reports):
    for number in range(30):
        reports.tell_state(f"m{number}", "ok")
    found = {}
    while (message := reports.off(lambda device: device != "m7", most=12)) is not None:
        assert message.entries <= 12
        found |= json.loads(message.payload)
    assert found == {f"m{number}": {"state": "off"} for number in range(30) if number != 7}
