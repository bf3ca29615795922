"""ThingsBoard's own arithmetic, as it was recorded: what it counts, and that what leaves here fits."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.learnt_rate import FIRST_PER_S
from bridge.delivery.messages import Message, Room, TelemetryBuilder
from bridge.delivery.rate_limits import RateLimits
from bridge.delivery.told_limits import Rate, Told, rates
from bridge.outbox.row import Row
from tests.thingsboard.behaviour import Behaviour, Limits
from tests.thingsboard.server import ThingsBoard


def telemetry(*devices: str, points: int = 1, **more) -> Message:
    return Message("t", b"", (1,), dict.fromkeys(devices, points), **more)


def told(**limits) -> Told:
    return Told(**{name: rates(text) for name, text in limits.items()})


@pytest.fixture
def limits() -> RateLimits:
    return RateLimits()


# What ThingsBoard says.


def test_limits_are_read_as_thingsboard_writes_them():
    assert rates("20:1,600:60") == (Rate(20, 1), Rate(600, 60))


def test_what_is_no_limit_sets_none():
    for text in ("", None, 5, "0:1", "5:0", "a:b", "5", ":", "5:-1", "5:inf", "5:nan", ["5:1"]):
        assert rates(text) == ()
    assert rates("5:1,rubbish") == (Rate(5, 1),)


def test_a_gateways_answer_has_limits_for_itself_and_for_each_device_behind_it():
    answer = {
        "maxPayloadSize": 65536,
        "gatewayRateLimits": {"messages": "100:1", "telemetryMessages": "50:1", "telemetryDataPoints": "900:1"},
        "rateLimits": {"messages": "10:1", "telemetryMessages": "5:1", "telemetryDataPoints": "90:1"},
    }
    assert Told.read(answer) == Told(
        65536, (Rate(100, 1),), (Rate(50, 1),), (Rate(900, 1),), (Rate(5, 1),), (Rate(90, 1),)
    )


def test_a_plain_devices_limits_are_its_own():
    assert Told.read({"rateLimits": {"telemetryMessages": "10:1"}}) == Told(entries=(Rate(10, 1),))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
    )
)
def test_no_answer_raises(answer):
    Told.read(answer)
    Told.read({"rateLimits": answer, "gatewayRateLimits": answer, "maxPayloadSize": answer})


# What it counts.


def test_a_message_of_n_devices_is_n_telemetry_messages_however_many_rows_each_has(limits):
    limits.tell(told(entries="20:1000"), 0)
    before = limits.entries(0)
    limits.sent(telemetry("a", "b", "c", points=50), 0)
    assert before - limits.entries(0) == 3
    assert limits.points(0) > 150


def test_points_of_all_devices_add_up(limits):
    limits.tell(told(points="1000:10000"), 0)
    before = limits.points(0)
    limits.sent(telemetry("a", "b", points=50), 0)
    assert before - limits.points(0) == 100


def test_opening_a_device_costs_regular_messages_and_telemetry_none(limits):
    limits.tell(told(regular="100:10000"), 0)
    before = limits.regular(0)
    limits.sent(telemetry("a"), 0)
    assert limits.regular(0) == before
    limits.sent(Message("c", b"", regular=2), 0)
    assert before - limits.regular(0) == 2


def test_what_the_gateway_sends_about_itself_counts_for_the_tenant_alone(limits):
    limits.tell(told(entries="4:1000", regular="4:1000"), 0)
    before = limits.entries(0), limits.regular(0)
    mark = Message("m", b"", devices={"": 1}, regular=1, is_own=True)
    limits.sent(mark, 0)
    assert (limits.entries(0), limits.regular(0)) == before
    assert limits.own_wait_s(0) == 0
    for _ in range(100):
        limits.sent(mark, 0)
    assert limits.own_wait_s(0) > 0  # of the tenant's nothing is known but what was learnt


def test_a_fence_costs_nothing(limits):
    limits.tell(told(entries="1:60", regular="1:60", points="1:60"), 0)
    before = limits.entries(0), limits.regular(0), limits.points(0)
    for _ in range(100):
        limits.sent(Message("v1/devices/me/rpc/request/1", b"{}", is_own=True), 0)
    assert (limits.entries(0), limits.regular(0), limits.points(0)) == before


def test_one_device_past_its_limit_does_not_hold_up_another(limits):
    limits.tell(told(device_points="10:10", device_entries="100:1"), 0)
    limits.sent(telemetry("a", points=4), 0)
    assert limits.device_wait_s("a", 0) > 0
    assert limits.device_wait_s("b", 0) == 0
    room = limits.device_points(0)
    assert room is not None
    assert (room("a"), room("b")) == (0.5, 4.5)


def test_without_limits_of_devices_none_is_asked_for(limits):
    assert limits.device_points(0) is None
    assert limits.device_wait_s("a", 0) == 0


# Keeping to it.


def test_the_same_limits_told_again_forget_nothing(limits):
    limits.tell(told(entries="2:100"), 0)
    limits.sent(telemetry("a"), 0)
    waits_s = limits.telemetry_wait_s(1)
    limits.tell(told(entries="2:100"), 1)
    assert limits.telemetry_wait_s(1) == pytest.approx(waits_s)
    assert waits_s > 10


def test_nine_tenths_are_used_and_half_of_it_at_first():
    limits = RateLimits({"entries": 100.0})
    limits.tell(told(entries="20:1"), 0)
    assert limits.entries(0) == 9
    assert limits.entries(100) == 18
    assert limits.told.entries_per_s == 20


def test_after_a_session_that_ended_nothing_is_taken_for_left(limits):
    limits.tell(told(entries="20:100"), 0)
    limits.session_ended(50, was_fruitful=True)
    assert limits.entries(50) == 0


def test_few_full_messages_are_worth_more_than_many_small_ones():
    limits = RateLimits({"entries": 100.0})
    limits.tell(told(entries="30:1"), 0)
    assert limits.worthwhile_entries(1000) == 9
    assert limits.worthwhile_entries(2) == 2
    limits.tell(told(entries="2:1"), 0)
    assert limits.worthwhile_entries(1000) == 1


@pytest.mark.parametrize(
    ("entries", "points", "count"),
    [("20:1,600:60", "", 60), ("10:1,100:60", "", 60), ("", "200:1", 60), ("1:1", "", 5), ("30:60", "300:60", 40)],
)
def test_whatever_is_built_within_the_told_limits_the_model_of_thingsboard_takes_whole(entries, points, count):
    """The model repeats the recordings: over a limit it stores the entries that fit, drops the others and closes."""
    server = ThingsBoard(Behaviour(gateway=Limits(telemetry=entries, points=points)), rng=random.Random(1))
    server.start(0.0)
    session = server.connect(0.0, token="TOKEN", mqtt=4, client_id="x")
    limits, now_s, sent, number = RateLimits(), 1.0, 0, 0
    limits.tell(told(entries=entries, points=points), now_s)
    while sent < 300:
        number += 1
        wait_s = limits.telemetry_wait_s(now_s, entries=limits.worthwhile_entries(count), points=5)
        now_s += max(wait_s, 0.001)
        builder = TelemetryBuilder(Room(entries=limits.entries(now_s), points=limits.points(now_s)))
        for device in range(count):
            row = Row(sent + 1, f"m{device}", number * 1000, '{"a":1,"b":2,"c":3,"d":4,"e":5}', f"m{device}")
            if not builder.add(row):
                break
            sent += 1
        message = builder.message()
        limits.sent(message, now_s)
        server.publish(session, now_s, mid=number % 60000 + 1, topic=message.topic, payload=message.payload, qos=1)
        now_s += 0.05
        server.advance(now_s)
        limits.accepted([message], now_s)
        assert session.alive, f"closed after {sent} rows"
    now_s += 30
    server.advance(now_s)
    assert server.rows_stored == sent
    assert server.counts["past limit"] == 0


# What is learnt, remembered.


def closed(limits, now_s, *, entries):
    """A session that sent so many entries at once, and was closed on them before any was accepted."""
    limits.session_began(now_s)
    limits.sent(telemetry(*(f"m{number}" for number in range(entries))), now_s)
    limits.session_ended(now_s + 1, was_fruitful=False)
    limits.session_began(now_s + 3)


def test_one_session_that_ends_is_no_evidence_of_a_limit_and_two_on_the_same_demand_are(limits):
    closed(limits, 0, entries=4)
    assert limits.entries_per_s == FIRST_PER_S
    closed(limits, 10, entries=4)
    assert limits.entries_per_s < FIRST_PER_S


def test_where_sessions_end_on_less_than_has_passed_what_was_learnt_is_forgotten_and_needs_more_proof():
    limits = RateLimits()
    for number in range(2):
        closed(limits, 10.0 * number, entries=4)
    learnt = limits.entries_per_s
    for number in range(3):
        closed(limits, 100.0 + 10 * number, entries=0)
    assert learnt < limits.entries_per_s == FIRST_PER_S
    for number in range(3):
        closed(limits, 200.0 + 10 * number, entries=4)
    assert limits.entries_per_s == FIRST_PER_S
    closed(limits, 230.0, entries=4)
    assert limits.entries_per_s < FIRST_PER_S


def test_no_more_entries_are_let_through_than_fit_whole():
    builder = TelemetryBuilder(Room(entries=1.5))
    rows = [Row(number, f"m{number}", 1000, '{"a":1}', f"m{number}") for number in (1, 2)]
    assert [builder.add(row) for row in rows] == [True, False]


def test_what_was_learnt_is_known_again_after_a_restart():
    limits = RateLimits({"entries": 5.0, "points": "nonsense", "regular": -1})
    assert limits.entries_per_s == 5.0
    assert limits.learnt == {"entries": 5.0}


@pytest.mark.parametrize("learnt", [None, {}, {"entries": None}, {"entries": math.inf}, {"entries": "5"}])
def test_nothing_that_was_kept_makes_it_fail(learnt):
    assert RateLimits(learnt).learnt == {}


def test_a_limit_that_is_never_told_is_found_and_kept_to(limits):
    """A tenant's 5:1: each session that is closed at once on telemetry, and followed at once, lowers the rate."""
    now_s, closes = 0.0, []
    limits.session_began(now_s)
    level, at_s = 5.0, 0.0
    while now_s < 600:
        now_s += max(0.01, limits.telemetry_wait_s(now_s))
        message = telemetry("a")
        limits.sent(message, now_s)
        level, at_s = min(5.0, level + (now_s - at_s) * 5), now_s
        if level < 1:
            closes.append(now_s)
            limits.session_ended(now_s, was_fruitful=True)
            now_s += 2
            limits.session_began(now_s)
        else:
            level -= 1
            limits.accepted([message], now_s)
    assert 3 < limits.entries_per_s <= 5.5
    assert len([close_s for close_s in closes if close_s > 300]) <= 6


def test_a_line_that_was_away_for_long_is_no_limit(limits):
    message = telemetry("a")
    for number in range(10):
        limits.session_began(number * 100)
        limits.sent(message, number * 100 + 1)
        limits.session_ended(number * 100 + 2, was_fruitful=True)
    assert limits.learnt == {}
    assert limits.entries_per_s == FIRST_PER_S


def test_a_session_that_we_end_ourselves_is_no_limits_fault(limits):
    for number in range(10):
        limits.session_began(number * 5)
        limits.sent(telemetry("a", regular=2), number * 5 + 1)
        limits.session_ended(number * 5 + 3, was_fruitful=False, by_us=True)
    limits.session_began(50)
    assert limits.learnt == {}
    assert limits.entries_per_s == FIRST_PER_S
