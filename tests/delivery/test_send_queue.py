"""Which samples go next: fresh, then live, then backlog; only of devices that are open; within every limit."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery import send_queue as module
from bridge.delivery.messages import MAX_BYTES, Message, Room
from bridge.delivery.poison import STRIKES
from bridge.delivery.send_queue import SendQueue
from bridge.outbox.row import Row


class Shelf:
    """An outbox in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, Row] = {}
        self.last_id = 0
        self.aside: dict[int, str] = {}
        self.read = 0

    def add(self, *devices: str, count: int = 1, body: str = '{"v":1}') -> list[int]:
        """So many rows of each device, in turns."""
        new = []
        for _ in range(count):
            for device in devices:
                self.last_id += 1
                self.kept[self.last_id] = Row(self.last_id, device, self.last_id * 1000, body, device)
                new.append(self.last_id)
        return new

    async def index(self, *, after, limit):
        return [(number, row.device) for number, row in sorted(self.kept.items()) if number > after][:limit]

    async def rows(self, ids):
        self.read += len(ids)
        return [self.kept[number] for number in ids if number in self.kept]

    async def set_aside(self, ids, reason):
        for number in ids:
            self.aside[number] = reason
            del self.kept[number]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def queue(shelf) -> SendQueue:
    return SendQueue(shelf)


def begin(queue: SendQueue, *devices: str) -> None:
    queue.rewind()
    for device in devices:
        queue.open(device)


async def take(queue, room=None, *, now_s=0.0, rows=2000, may=lambda device: True, is_idle=False) -> Message | None:
    return await queue.take(room or Room(), now_s, rows=rows, may=may, is_idle=is_idle)


async def ids(queue, room=None, **more) -> list[int]:
    message = await take(queue, room, **more)
    return [] if message is None else list(message.ids)


async def drained(queue, room=None, **more) -> list[int]:
    taken = []
    while (window := await ids(queue, room, **more)) or queue.is_searching:
        taken += window
    return taken


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
    new = shelf.add("A", count=module._PILE + 10)
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


# What a message may have.


async def test_a_message_has_no_more_device_entries_than_a_limit_allows_and_each_gives_many_rows(shelf, queue):
    shelf.add(*(f"m{number}" for number in range(60)), count=100)
    begin(queue, *(f"m{number}" for number in range(60)))
    await take(queue, Room(entries=60))  # each one's newest
    message = await take(queue, Room(entries=9))
    assert message.entries == 9
    assert len(message.ids) > 9 * 40
    assert sorted(await drained(queue, Room(entries=9))) != []


async def test_limits_of_points_and_bytes_and_devices_are_kept_to(shelf, queue):
    shelf.add("A", "B", count=300, body='{"a":1,"b":2,"c":3}')
    begin(queue, "A", "B")
    assert (await take(queue, Room(points=30))).points <= 30
    assert len((await take(queue, Room(max_bytes=500))).payload) <= 500
    message = await take(queue, Room(device_points=lambda device: 6 if device == "A" else 9))
    assert message.devices == {"A": 6, "B": 9}


async def test_nothing_is_taken_while_a_limit_lets_nothing_through_and_nothing_is_lost_by_it(shelf, queue):
    shelf.add("A", count=5)
    begin(queue, "A")
    assert await ids(queue, Room(entries=0)) == []
    assert await ids(queue, Room(points=0.5)) == []
    assert await ids(queue, may=lambda device: False) == []
    assert sorted(await drained(queue)) == [1, 2, 3, 4, 5]


async def test_a_device_whose_own_limit_is_reached_waits_and_the_others_go(shelf, queue):
    shelf.add("A", "B", count=20)
    begin(queue, "A", "B")
    assert sorted(await drained(queue, may=lambda device: device == "B")) == list(range(2, 41, 2))


async def test_what_did_not_fit_goes_first_the_next_time(shelf, queue):
    shelf.add("A", count=200, body='{"k":"' + "x" * 1000 + '"}')
    begin(queue, "A")
    first = await ids(queue)
    assert first[0] == 200
    second = await ids(queue)
    assert second[0] == max(number for number in first if number != 200) + 1


async def test_a_row_that_fits_no_message_is_set_aside_with_its_size_and_the_others_go(shelf, queue):
    shelf.add("A")
    big = shelf.add("A", body='{"k":"' + "x" * 70_000 + '"}')
    shelf.add("A")
    begin(queue, "A")
    assert sorted(await drained(queue)) == [1, 3]
    assert f"more than the {MAX_BYTES}" in shelf.aside[big[0]]


async def test_a_row_that_a_damaged_disk_made_unreadable_is_set_aside(shelf, queue):
    shelf.add("A", body='{"v":')
    shelf.add("A")
    begin(queue, "A")
    assert await drained(queue) == [2]
    assert shelf.aside == {1: "not a JSON object"}


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(1, 5)), min_size=1, max_size=60),
    st.integers(1, 4),
    st.integers(5, 40),
    st.integers(200, 3000),
    st.integers(1, 50),
)
async def test_whatever_there_is_every_row_goes_once_and_every_message_fits(rows, entries, points, size, count):
    shelf = Shelf()
    for device, keys in rows:
        shelf.add(device, body=json.dumps({f"k{key}": 1 for key in range(keys)}, separators=(",", ":")))
    queue = SendQueue(shelf)
    begin(queue, *"ABCD")
    room, taken = Room(max_bytes=size, entries=entries, points=points), []
    while (message := await take(queue, room, rows=count)) is not None:
        assert message.entries <= entries
        assert message.points <= points
        assert len(message.payload) <= size
        assert len(message.ids) <= count
        taken += message.ids
        said = json.loads(message.payload)
        assert sum(len(entry) for entry in said.values()) == len(message.ids)
    assert sorted(taken) == list(range(1, len(rows) + 1))


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


def test_it_costs_eight_bytes_a_row_that_waits():
    lane = module._Lane()
    for number in range(100_000):
        lane.old.append(number)
    assert lane.old.itemsize == 8
    assert math.isclose(len(lane.old.tobytes()), 800_000)
