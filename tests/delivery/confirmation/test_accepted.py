"""Where the local broker's receipt confirms: at once without a ThingsBoard, late with CONFIRM=puback."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.accepted import RETENTION_S, Accepted
from bridge.delivery.confirmation.actions import PutBack, Renew, Stored, Wait
from bridge.delivery.messages import Message


def message(*ids: int) -> Message:
    return Message("t", b"", ids)


def up(*, retention_s: float = 0.0) -> Accepted:
    one = Accepted(retention_s=retention_s)
    one.up(0)
    return one


def test_nothing_may_go_without_a_session():
    one = Accepted()
    assert one.room(0) == 0
    assert not one.answers
    assert one.next(0, owing=True) == Wait()


def test_a_message_is_stored_by_its_own_receipt_whatever_the_order():
    local = up()
    first, second = message(1, 2), message(3)
    local.handed(first, 0)
    local.handed(second, 0)
    local.accepted([second], 1)
    assert local.next(1, owing=False) == Stored((second,))
    assert local.sent_ids() == [1, 2]
    local.accepted([first], 2)
    assert local.next(2, owing=False) == Stored((first,))


def test_with_puback_only_after_two_minutes_without_a_break():
    late = up(retention_s=RETENTION_S)
    one = message(1)
    late.handed(one, 0)
    late.accepted([one], 1)
    assert late.unstored == 1
    assert late.next(RETENTION_S, owing=False) == Wait(RETENTION_S + 1)
    assert late.next(RETENTION_S + 1, owing=False) == Stored((one,))


@pytest.mark.parametrize("event", ["down", "up"])
def test_any_break_sends_all_that_is_not_stored_again_and_blames_what_was_not_accepted(event):
    late = up(retention_s=RETENTION_S)
    one, two = message(1), message(2)
    late.handed(one, 0)
    late.handed(two, 0)
    late.accepted([one], 1)
    if event == "down":
        late.down(2, "gone")
    else:
        late.up(2)
    action = late.next(2, owing=False)
    assert isinstance(action, PutBack)
    assert set(action.messages) == {one, two}
    assert action.blamed == (two,)
    late.accepted([two], 3)  # a late receipt of what is sent again
    assert late.next(RETENTION_S * 2, owing=False) == Wait()


def test_a_broker_that_acknowledges_nothing_is_connected_to_anew():
    local = up()
    one = message(1)
    local.handed(one, 0)
    assert local.next(29, owing=False) == Wait(30)
    assert isinstance(local.next(30, owing=False), Renew)
    assert isinstance(local.next(30, owing=False), PutBack)
    assert local.next(30, owing=False) == Wait()


def test_it_says_what_it_is():
    assert (up().marks, up().how, up().seen) == ("not used", "puback", False)
