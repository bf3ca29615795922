from __future__ import annotations

from bridge.delivery.acknowledged import TIMEOUT_S, WINDOW, Acknowledged
from bridge.delivery.actions import Confirm, Hand, PutBack, Reconnect, Wait
from bridge.delivery.messages import Message


def message(*ids: int) -> Message:
    return Message("t", b"", ids, len(ids))


def connected() -> Acknowledged:
    local = Acknowledged()
    local.broker(up=True, now_s=0)
    return local


def test_nothing_is_handed_over_without_a_broker():
    assert Acknowledged().next(0) == Wait()


def test_a_message_is_confirmed_by_its_own_puback_whatever_the_order():
    local = connected()
    first, second = message(1, 2), message(3)
    local.handed([first, second], 0)
    local.acknowledged(second, 1)
    assert local.next(1) == Confirm((3,))
    assert local.next(1) == Hand(WINDOW - 1)
    local.acknowledged(first, 2)
    assert local.next(2) == Confirm((1, 2))


def test_a_full_window_waits():
    local = connected()
    local.handed([message(number) for number in range(WINDOW)], 5)
    assert local.next(5) == Wait(5 + TIMEOUT_S)


def test_what_is_in_flight_when_the_broker_goes_is_sent_again_and_a_late_puback_confirms_nothing():
    local = connected()
    local.handed([message(1), message(2)], 0)
    local.broker(up=False, now_s=1)
    local.acknowledged(message(1), 1)
    assert local.next(1) == PutBack((1, 2), "the broker went away", blamed=False)
    assert local.next(1) == Wait()


def test_a_broker_that_acknowledges_nothing_is_connected_to_again():
    local = connected()
    local.handed([message(1)], 0)
    assert isinstance(local.next(TIMEOUT_S - 1), Hand)
    assert isinstance(local.next(TIMEOUT_S), Reconnect)
    assert local.next(TIMEOUT_S) == Wait()
    local.broker(up=False, now_s=31)
    assert isinstance(local.next(31), PutBack)
