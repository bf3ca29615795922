"""Which samples go next: fresh, then live, then backlog; only of devices that are open, and suspects alone."""

from __future__ import annotations

import pytest

from bridge.delivery import waiting_rows
from bridge.delivery.messages import Message, Room
from bridge.delivery.poison import STRIKES
from bridge.delivery.send_queue import SendQueue
from tests.delivery.queue_rig import Shelf, begin, drained, ids, take


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def queue(shelf) -> SendQueue:
    return SendQueue(shelf)


# The order.


async def test_the_newest_of_each_device_goes_before_its_history_and_the_history_oldest_first(shelf, queue):
    shelf.add("A", "B", count=100)
    begin(queue, "A", "B")
    taken = await drained(queue, rows=20)
    assert taken[:2] == [199, 200]
    assert sorted(taken[2:]) == taken[2:] or sorted(taken) == list(range(1, 201))
    for device in (1, 0):  # odd ids are A's
        history = [number for number in taken[2:] if number % 2 == device]
        assert history == sorted(history)
    assert sorted(taken) == list(range(1, 201))


async def test_what_comes_meanwhile_goes_before_the_backlog(shelf, queue):
    shelf.add("A", count=1000)
    begin(queue, "A")
    await ids(queue, rows=10)
    live = shelf.add("A", count=3)
    assert (await ids(queue, rows=10))[:3] == live


async def test_a_device_whose_live_samples_pile_up_is_behind_and_gives_its_newest_first(shelf, queue):
    begin(queue, "A")
    await queue.look()
    new = shelf.add("A", count=waiting_rows._PILE + 10)
    assert (await ids(queue, rows=1))[0] > new[0]
    assert len(await drained(queue)) == len(new) - 1


async def test_nothing_is_taken_twice_before_it_is_put_back(shelf, queue):
    shelf.add("A", "B", "C", count=1000)
    begin(queue, "A", "B", "C")
    await ids(queue)
    shelf.add("A", count=50)
    first = await drained(queue)
    assert len(first) == len(set(first))
    begin(queue)
    assert sorted(await drained(queue)) == list(range(1, 3051))


async def test_what_still_counts_as_sent_is_not_sent_again_after_a_break(shelf, queue):
    shelf.add("A", count=10)
    queue.open("A")
    queue.rewind(keep=[2, 3, 10])
    assert sorted(await drained(queue)) == [1, 4, 5, 6, 7, 8, 9]


# Devices that are not open.


async def test_a_device_that_is_not_open_waits_and_the_others_go(shelf, queue):
    shelf.add("A", "B", count=10)
    begin(queue, "B")
    assert sorted(await drained(queue)) == list(range(2, 21, 2))
    queue.open("A")
    assert sorted(await drained(queue)) == list(range(1, 21, 2))


async def test_rows_of_devices_that_are_not_open_are_not_read(shelf, queue):
    shelf.add("A", count=5000)
    begin(queue)
    assert await ids(queue) == []
    assert not queue.has_next(0)
    assert shelf.read == 0


async def test_devices_are_found_though_only_others_have_history(shelf, queue):
    shelf.add("A", "B", count=2)
    begin(queue)
    await queue.look()
    assert sorted(queue.new_devices()) == ["A", "B"]
    assert queue.new_devices() == []
    shelf.add("C")
    await queue.look()
    assert queue.new_devices() == ["C"]


async def test_a_session_that_ended_closes_all(shelf, queue):
    shelf.add("A", count=3)
    begin(queue, "A")
    queue.close_all()
    assert await ids(queue) == []


async def test_where_there_is_no_gateway_none_needs_to_be_open(shelf):
    queue = SendQueue(shelf, all_open=True)
    shelf.add("A", "B")
    queue.rewind()
    assert sorted(await drained(queue)) == [1, 2]


async def test_one_device_with_a_long_backlog_that_is_not_open_holds_up_none_behind_it(shelf, queue):
    shelf.add("parked", count=30_000)
    wanted = shelf.add("A", count=500)
    begin(queue, "A")
    assert sorted(await drained(queue)) == wanted


# Rows under suspicion.


async def make_suspect(queue: SendQueue, message: Message) -> None:
    for _ in range(STRIKES):
        await queue.failed([message], 0)
    queue.rewind()


async def test_rows_under_suspicion_are_held_out_and_tried_alone_with_nothing_else_on_the_way(shelf, queue):
    shelf.add("A", count=3)
    begin(queue, "A")
    await make_suspect(queue, Message("t", b"", (2,), {"A": 1}))
    assert sorted(await drained(queue)) == [1, 3]
    assert queue.has_next(0)
    message = await take(queue, is_idle=True)
    assert (message.ids, message.is_alone) == ((2,), True)


async def test_a_row_under_suspicion_waits_while_its_device_is_not_open(shelf, queue):
    shelf.add("A", "B")
    begin(queue, "A")
    await make_suspect(queue, Message("t", b"", (2,), {"B": 1}))
    assert await ids(queue, is_idle=True) == [1]
    queue.open("B")
    assert await ids(queue, is_idle=True) == [2]


async def test_a_suspect_that_arrives_is_free(shelf, queue):
    shelf.add("A", count=3)
    begin(queue, "A")
    await make_suspect(queue, Message("t", b"", (2,), {"A": 1}))
    message = await take(queue, is_idle=True)
    queue.stored(message)
    begin(queue)
    assert sorted(await drained(queue)) == [1, 2, 3]


async def test_a_row_on_which_the_session_ends_each_time_is_set_aside_and_named(shelf, queue):
    shelf.add("A", count=3)
    begin(queue, "A")
    now_s = 0.0
    for _ in range(200):
        queue.rewind()
        message = await take(queue, now_s=now_s, is_idle=True)
        if message is None:
            break
        if 2 in message.ids:
            await queue.failed([message], now_s)
        else:
            queue.stored(message)
            for number in message.ids:
                shelf.kept.pop(number)
            shelf.add("A")
        now_s += 5
    assert set(shelf.aside) == {2}
    assert "each time that it is sent alone" in shelf.aside[2]


# Where a device in a message costs something.


async def test_a_device_that_was_just_opened_sends_what_came_meanwhile_with_its_newest_sample(shelf, queue):
    shelf.add("A", count=2)
    begin(queue)
    await queue.look()
    shelf.add("A", "B", count=3)
    queue.open("A")
    first = await ids(queue, Room(entries=1))
    assert first[0] == 2  # today's value first
    assert sorted(first) == [1, 2, 3, 5, 7]
