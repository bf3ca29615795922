from __future__ import annotations

import pytest

from bridge.delivery import order as module
from bridge.delivery.order import Order
from bridge.delivery.pace import Limits, Pace, Rate
from bridge.delivery.row import Row


class Shelf:
    """An outbox in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.last_id = 0
        self.aside: dict[int, str] = {}

    def add(self, count: int, body: str = '{"v":1}') -> list[int]:
        new = range(self.last_id + 1, self.last_id + 1 + count)
        self.rows.update({number: Row(number, f"m{number % 3}", number, body) for number in new})
        self.last_id += count
        return list(new)

    async def fetch(self, *, after=0, upto=None, limit):
        upto = self.last_id if upto is None else upto
        return [row for number, row in sorted(self.rows.items()) if after < number <= upto][:limit]

    async def quarantine(self, ids, reason):
        for number in ids:
            self.aside[number] = reason
            del self.rows[number]

    def confirm(self, order: Order, ids) -> None:
        order.confirmed(ids)
        for number in ids:
            self.rows.pop(number, None)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
def order(shelf, pace) -> Order:
    return Order(shelf, pace, {})


async def ids(order: Order, count: int = 1, now_s: float = 0) -> list[int]:
    return [number for message in await order.take(count, now_s) for number in message.ids]


async def test_after_an_outage_live_samples_go_first_and_the_backlog_behind_them_oldest_first(shelf, order):
    backlog = shelf.add(2000)
    order.rewind()
    live = shelf.add(3)

    first = await ids(order)
    assert first[:3] == live
    assert first[3:] == backlog[: len(first) - 3]

    more = shelf.add(1)
    assert (await ids(order))[0] == more[0]


async def test_nothing_is_taken_twice_before_it_is_put_back(shelf, order):
    shelf.add(3000)
    order.rewind()
    shelf.add(50)

    taken = []
    while window := await ids(order, 4):
        taken += window

    assert sorted(taken) == list(range(1, 3051))
    assert len(taken) == 3050


async def test_what_was_put_back_is_taken_again_behind_what_is_live_by_then(shelf, order):
    old = shelf.add(5)
    order.rewind()
    assert await ids(order) == old
    await order.put_back(old, blamed=False)
    live = shelf.add(2)

    assert await ids(order) == live + old


async def test_a_live_lane_that_falls_behind_becomes_backlog(shelf, order, monkeypatch):
    monkeypatch.setattr(module, "LIVE_ROWS", 1000)
    shelf.add(1)
    order.rewind()
    shelf.add(5000)
    await ids(order)
    fresh = shelf.add(2)

    assert (await ids(order))[:2] == fresh


async def test_a_window_has_no_more_messages_than_asked_for(shelf, order):
    shelf.add(5000, '{"k":"' + "x" * 1000 + '"}')
    assert len(await order.take(3, 0)) == 3


async def test_what_the_limits_do_not_allow_now_stays_and_says_how_long(shelf, order, pace):
    pace.obey(Limits(messages=(Rate(10, 60),), points=(Rate(100, 60),)))
    shelf.add(200)

    taken = await ids(order, 16)
    assert len(taken) == 90
    assert order.wait_s > 50
    assert await ids(order, 16, 30) == []
    assert len(await ids(order, 16, 30 + order.wait_s + 0.01)) == 90


async def test_a_payload_limit_smaller_than_ours_is_kept_to(shelf, order, pace):
    pace.obey(Limits(max_payload_bytes=500))
    shelf.add(100)
    window = await order.take(16, 0)
    assert window
    assert all(len(message.payload) <= 500 for message in window)


async def test_a_row_that_fits_no_message_is_set_aside_and_the_others_go(shelf, order):
    shelf.add(1)
    shelf.add(1, '{"k":"' + "x" * 70_000 + '"}')
    shelf.add(1)

    assert await ids(order, 4) == [1, 3]
    assert "more than the 60000" in shelf.aside[2]


async def drained(shelf: Shelf, order: Order, poison: set[int], rounds: int = 400, live_every: int = 3) -> int:
    """Send against a server that fails on poison, with a live row now and then; returns the rounds it took."""
    for number in range(rounds):
        if number % live_every == 0 and number < rounds // 2:
            shelf.add(1)
        window = await ids(order, 4)
        if not window and not shelf.rows:
            return number
        if poison & set(window):
            await order.put_back(window, blamed=True)
        else:
            shelf.confirm(order, window)
    return rounds


@pytest.mark.parametrize("poison", [{1}, {500}, {250, 251}, {7, 300, 499}])
async def test_a_sample_that_thingsboard_cannot_take_is_found_and_set_aside_alone(shelf, order, poison):
    shelf.add(500)
    order.rewind()

    await drained(shelf, order, poison)

    assert set(shelf.aside) == poison
    assert not shelf.rows


async def test_a_poisonous_sample_does_not_hold_up_the_others_while_it_is_sought(shelf, order):
    shelf.add(500)
    order.rewind()
    late = 0
    for _ in range(60):
        fresh = shelf.add(1)
        window = await ids(order, 1)
        if 250 in window:
            await order.put_back(window, blamed=True)
            late = late + 1 if fresh[0] in shelf.rows else 0
        else:
            shelf.confirm(order, window)
            late = 0
        assert late <= 4


async def test_where_nothing_arrives_no_sample_is_condemned(shelf, order):
    shelf.add(500)
    order.rewind()
    for number in range(300):
        if number % 5 == 0:
            shelf.add(1)
        await order.put_back(await ids(order, 4), blamed=True)

    assert not shelf.aside
    for _ in range(50):
        shelf.confirm(order, await ids(order, 4))
    assert not shelf.rows


async def test_failures_that_are_not_blamed_on_samples_raise_no_suspicion(shelf, order):
    shelf.add(10)
    for _ in range(20):
        assert await ids(order) == list(range(1, 11))
        await order.put_back(range(1, 11), blamed=False)
    assert not shelf.aside
