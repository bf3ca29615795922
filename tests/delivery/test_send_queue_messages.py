"""What goes into one message: all that fits, within every limit, and what fits none is set aside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.messages import MAX_BYTES, Room
from bridge.delivery.send_queue import SendQueue
from tests.delivery.queue_rig import Shelf, begin, drained, ids, take


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def queue(shelf) -> SendQueue:
    return SendQueue(shelf)


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
