"""What is stored when, and what never: FACTS' figures on the database away, on kills, and on marks."""

import pytest

from tests.thingsboard.client import Client
from tests.thingsboard.events import Refusal


@pytest.mark.parametrize(("seconds", "fewest", "most"), [(20, 0, 0), (55, 1, 5), (110, 57, 62)])
def test_a_database_that_is_away_costs_what_was_acknowledged_before_its_patience_ends(seconds, fewest, most):
    client = Client()
    client.telemetry(1)
    client.wait(1)
    client.server.database(False, client.now_s)
    for ts_ms in range(2, seconds + 2):
        client.telemetry(ts_ms)
        client.wait(1)
    client.server.database(True, client.now_s)
    for ts_ms in range(seconds + 2, seconds + 7):
        client.telemetry(ts_ms)
        client.wait(1)
    assert len(client.pubacks) == seconds + 6
    assert not client.closed
    assert fewest <= seconds + 6 - client.server.rows_stored <= most


def test_while_the_database_is_away_fences_are_answered_and_a_mark_stands_still():
    client = Client()
    assert client.mark(1) is not None
    client.server.database(False, client.now_s)
    assert client.mark(2) is None
    assert client.messages[-1][1] == {"client": {"mark": 1}}
    client.publish("v1/devices/me/rpc/request/9", {"method": "getSessionLimits", "params": {}})
    client.wait(0.1)
    assert any(topic == "v1/devices/me/rpc/response/9" for topic, _ in client.messages)
    client.server.database(True, client.now_s)
    assert client.mark(3) is not None


def test_a_kill_costs_what_was_acknowledged_and_not_stored_and_every_session():
    client = Client()
    for number in range(100):
        client.telemetry(number + 1)
        client.wait(0.01)
    client.wait(0.005)
    acknowledged = len(client.pubacks)
    client.server.kill(client.now_s)
    client.wait(10)
    assert client.closed == [None]
    assert 5 <= acknowledged - client.server.rows_stored <= 25  # 17 at 100 messages a second
    assert client.server.connect(client.now_s, token="TOKEN") == Refusal(None)
    client.server.start(client.now_s)
    client.connect()
    client.telemetry(200)
    client.wait(1)
    assert 200 in client.server.rows("A")


def drain(client, rows_a_mark, marks):
    """Samples of five values, 400 a message, one in flight, so many between marks that are awaited."""
    ts_ms, slowest_s, begun_s = 1, 0.0, client.now_s
    for number in range(marks):
        for _ in range(rows_a_mark // 400):
            mid = client.telemetry(ts_ms, 400, keys=5)
            ts_ms += 400
            while mid not in client.pubacks[-1:]:
                client.wait(0.002)
        slowest_s = max(slowest_s, client.mark(number))
    return (ts_ms - 1) / (client.now_s - begun_s), slowest_s


def test_little_between_marks_keeps_the_lag_small_and_still_goes_fast():
    client = Client()
    rate, _ = drain(client, 2000, 25)
    assert 4500 < rate < 6500  # 5,400/s measured
    assert client.server.telemetry_lag_s(client.now_s) < 0.3
    client.server.kill(client.now_s)
    assert 50_000 - client.server.rows_stored <= 2000


def test_a_mark_overtakes_telemetry_and_much_between_marks_is_lost_by_a_kill_though_a_mark_came_back():
    client = Client()
    for number in range(250):
        mid = client.telemetry(1 + 400 * number, 400)
        while mid not in client.pubacks[-1:]:
            client.wait(0.002)
    written_s = client.now_s
    assert client.mark(1) is not None
    assert client.now_s - written_s < 2.5
    client.server.kill(client.now_s)
    assert 100_000 - client.server.rows_stored > 10_000
