from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import Message
from bridge.delivery.pace import Limits, Pace, Rate, rates


def message(points: int = 1, device: str = "m") -> Message:
    return Message("t", b"", (1,), points, {device: points})


def test_limits_are_read_as_thingsboard_writes_them():
    assert rates("20:1,600:60") == (Rate(20, 1), Rate(600, 60))


def test_what_is_no_limit_sets_none():
    for text in ("", None, 5, "0:1", "5:0", "a:b", "5", ":", "5:-1", "5:inf", "5:nan", ["5:1"]):
        assert rates(text) == ()
    assert rates("5:1,rubbish") == (Rate(5, 1),)


def test_a_gateways_answer_has_limits_for_itself_and_for_each_device_behind_it():
    limits = Limits.read(
        {
            "maxPayloadSize": 65536,
            "gatewayRateLimits": {"messages": "100:1", "telemetryMessages": "50:1", "telemetryDataPoints": "900:1"},
            "rateLimits": {"messages": "10:1", "telemetryMessages": "5:1", "telemetryDataPoints": "90:1"},
        }
    )

    assert limits == Limits(
        65536, (Rate(100, 1), Rate(50, 1)), (Rate(900, 1),), (Rate(10, 1), Rate(5, 1)), (Rate(90, 1),)
    )


def test_a_plain_devices_limits_are_its_own():
    limits = Limits.read({"rateLimits": {"messages": "10:1"}})

    assert limits == Limits(messages=(Rate(10, 1),))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
    )
)
def test_no_answer_raises(answer):
    Limits.read(answer)
    Limits.read({"rateLimits": answer, "gatewayRateLimits": answer, "maxPayloadSize": answer})


def test_without_limits_nothing_waits():
    pace = Pace()
    for _ in range(1000):
        assert pace.wait_s(0, message(10**6)) == 0
        pace.spend(0, message(10**6))


def test_the_same_limits_told_again_forget_nothing():
    pace = Pace()
    limits = Limits(messages=(Rate(1, 100),))
    pace.obey(limits)
    pace.spend(0)
    pace.obey(Limits(messages=(Rate(1, 100),)))

    assert pace.wait_s(1) > 90


def test_one_device_past_its_limit_does_not_hold_up_another():
    pace = Pace()
    pace.obey(Limits(device_points=(Rate(10, 10),)))
    pace.spend(0, message(9, "a"))

    assert pace.wait_s(1, message(5, "a")) > 0
    assert pace.wait_s(1, message(5, "b")) == 0


def test_what_alone_passes_a_limit_goes_once_the_window_is_empty():
    pace = Pace()
    pace.obey(Limits(points=(Rate(10, 1),)))

    assert pace.wait_s(5, message(500)) == 0
    pace.spend(5, message(500))
    assert 0 < pace.wait_s(5, message(500)) <= 1.1


def test_a_message_leaves_room_for_the_fence_behind_it():
    pace = Pace()
    pace.obey(Limits(messages=(Rate(10, 60),)))  # nine are used
    for _ in range(8):
        assert pace.wait_s(0, message()) == 0
        pace.spend(0, message())

    assert pace.wait_s(0, message()) > 0
    assert pace.wait_s(0) == 0


@given(
    st.lists(st.tuples(st.integers(2, 50), st.sampled_from([0.5, 1.0, 10.0, 60.0])), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), max_size=80),
)
def test_whatever_is_sent_no_window_of_any_limit_ever_holds_more_than_it_may(limits, wishes):
    pace = Pace()
    pace.obey(Limits(points=tuple(Rate(*limit) for limit in limits)))
    now, sent = 0.0, []
    for gap, points in wishes:
        now += gap
        now += pace.wait_s(now, message(points))
        assert pace.wait_s(now + 1e-9, message(points)) <= 1e-6
        pace.spend(now, message(points))
        sent.append((now, points))
    for count, seconds in limits:
        for start, _ in sent:
            inside = [points for when, points in sent if start <= when < start + seconds]
            assert len(inside) == 1 or sum(inside) <= max(count, 1) or max(inside) > count * 0.9
