from __future__ import annotations

from bridge.delivery.actions import Confirm, Hand, PutBack, Reconnect, Wait
from bridge.delivery.messages import Message
from bridge.delivery.pace import Pace
from bridge.delivery.retained import QUEUE, RETENTION_S, Retained


def message(*ids: int) -> Message:
    return Message("t", b"", ids, len(ids))


def connected() -> Retained:
    late = Retained(Pace())
    late.broker(up=True, now_s=0)
    late.upstream(up=True, now_s=0)
    return late


def test_an_acknowledged_message_is_confirmed_only_after_the_retention():
    late = connected()
    late.handed([message(1)], 0)
    late.acknowledged(message(1), 1)
    assert late.next(RETENTION_S) == Hand(1)
    assert late.next(RETENTION_S + 1) == Confirm((1,))


def test_any_break_sends_all_that_is_not_confirmed_again():
    for down in (
        lambda late: late.upstream(up=False, now_s=2),
        lambda late: late.upstream(up=True, now_s=2),
        lambda late: late.broker(up=False, now_s=2),
        lambda late: late.relay(queued=0, dropped=1, now_s=2),
    ):
        late = connected()
        late.handed([message(1), message(2)], 0)
        late.acknowledged(message(1), 1)
        down(late)
        step = late.next(2)
        assert isinstance(step, PutBack)
        assert step.ids == (1, 2)
        assert not step.blamed


def test_nothing_is_handed_over_while_the_session_is_down():
    late = connected()
    late.upstream(up=False, now_s=1)
    assert late.next(1) == Wait()


def test_a_long_queue_in_the_broker_is_left_to_drain():
    late = connected()
    late.relay(queued=QUEUE, dropped=0, now_s=0)
    assert late.next(0) == Wait()
    late.relay(queued=QUEUE - 1, dropped=0, now_s=0)
    assert late.next(0) == Hand(1)


def test_a_broker_that_acknowledges_nothing_is_connected_to_again():
    late = connected()
    late.handed([message(1)], 0)
    assert isinstance(late.next(30), Reconnect)
    assert late.next(30) == Wait()


def test_it_paces_itself_because_the_server_tells_no_limits():
    pace = Pace()
    Retained(pace)
    for _ in range(10):
        pace.spend(0, message(1))
    assert pace.wait_s(0, message(1)) > 0
