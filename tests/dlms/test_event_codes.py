"""Event codes in words."""

from __future__ import annotations

from bridge.dlms.event_codes import EVENT_CODES, event_log_name, event_words


def test_a_makers_own_code_goes_before_the_usual_one():
    assert event_words(1) == "power down"
    assert event_words(1, {1: "mains lost"}) == "mains lost"
    assert event_words(201, {201: "relay stuck"}) == "relay stuck"


def test_a_code_that_nobody_knows_stays_a_number():
    assert event_words(201) == "code 201"


def test_no_two_codes_have_the_same_words():
    assert len(set(EVENT_CODES.values())) == len(EVENT_CODES)


def test_the_usual_logs_have_names_and_others_their_code():
    assert event_log_name("0.0.99.98.0.255") == "standard"
    assert event_log_name("0.1.99.98.4.255") == "power quality"
    assert event_log_name("0.0.99.98.9.255") == "0-0:99.98.9"
    assert event_log_name("1.0.99.97.0.255") == "1-0:99.97.0"
