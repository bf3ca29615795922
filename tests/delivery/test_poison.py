"""Which row is it that ThingsBoard cannot take? Found alone, while the others go on."""

from __future__ import annotations

import random

import pytest

from bridge.delivery import poison as module
from bridge.delivery.poison import ALONE, SAID, STRIKES, Poison
from bridge.outbox.row import Row


def row(number: int, device: str = "m") -> Row:
    return Row(number, device, number * 1000, '{"v":1}', device)


@pytest.fixture
def poison() -> Poison:
    return Poison()


def suspect(poison: Poison, rows: list[Row], now_s: float = 0) -> None:
    for _ in range(STRIKES):
        assert poison.failed(rows, now_s) is None


def trial(poison: Poison, now_s: float) -> list[int]:
    return [row.id for row in poison.trial(now_s)]


def test_a_row_is_suspect_when_it_was_on_the_way_at_the_end_of_so_many_sessions(poison):
    for _ in range(STRIKES - 1):
        poison.failed([row(1)], 0)
    assert 1 not in poison
    assert poison.next_trial_s() is None
    poison.failed([row(1)], 0)
    assert 1 in poison
    assert poison.may_try(0)
    assert trial(poison, 0) == [1]


def test_a_row_that_arrived_in_between_begins_anew(poison):
    poison.failed([row(1)], 0)
    poison.failed([row(1)], 0)
    poison.stored([1], ["m"])
    poison.failed([row(1)], 0)
    assert 1 not in poison


def test_one_trial_at_a_time_and_one_that_was_given_up_is_none(poison):
    suspect(poison, [row(1)])
    assert trial(poison, 0) == [1]
    assert trial(poison, 0) == []
    assert not poison.may_try(0)
    poison.given_up()
    assert trial(poison, 0) == [1]


def test_a_group_whose_device_is_not_open_has_no_trial_that_others_would_wait_for(poison):
    suspect(poison, [row(1)])
    assert poison.may_try(0, lambda _: True)
    assert not poison.may_try(0, lambda _: False)


def test_a_group_that_arrives_is_free(poison):
    suspect(poison, [row(1), row(2)])
    assert trial(poison, 0) == [1, 2]
    poison.stored([1, 2], ["m"])
    assert 1 not in poison
    assert poison.next_trial_s() is None


def test_a_group_that_fails_is_divided(poison):
    rows = [row(number) for number in range(32)]
    suspect(poison, rows)
    poison.trial(0)
    assert poison.failed(rows, 0) is None
    assert trial(poison, 0) == [0, 1]
    assert all(number in poison for number in range(32))


def test_a_row_is_condemned_only_when_others_of_its_device_arrived_between_its_failures(poison):
    suspect(poison, [row(1, "bad")])
    now_s, condemned = 0.0, None
    for number in range(ALONE):
        assert condemned is None
        now_s = max(now_s, poison.next_trial_s())
        poison.trial(now_s)
        condemned = poison.failed([row(1, "bad")], now_s)
        poison.stored([100 + number], ["bad"])
    assert condemned == row(1, "bad")
    assert 1 not in poison


@pytest.mark.parametrize("others", [[], ["another"]])
def test_where_nothing_of_its_device_arrives_no_row_is_ever_condemned(poison, others):
    suspect(poison, [row(1, "bad")])
    now_s = 0.0
    for number in range(10 * ALONE):
        now_s = max(now_s, poison.next_trial_s())
        poison.trial(now_s)
        assert poison.failed([row(1, "bad")], now_s) is None
        poison.stored([100 + number], others)


def test_a_row_alone_is_tried_later_and_later_up_to_a_while(poison):
    suspect(poison, [row(1)])
    now_s, pauses = 0.0, []
    for _ in range(10):
        pauses.append(poison.next_trial_s() - now_s)
        now_s = poison.next_trial_s() if pauses[-1] > 0 else now_s
        poison.trial(now_s)
        poison.failed([row(1)], now_s)
    assert pauses[1:4] == [4, 8, 16]
    assert pauses[-1] == pauses[-2] == module._PAUSE_CAP_S


@pytest.mark.parametrize("bad", [{1}, {250, 251}, {7, 300, 499}])
def test_every_bad_row_is_found_and_no_other_whatever_else_goes_on(poison, bad):
    rng, now_s, condemned, left = random.Random(1), 0.0, set(), {number: row(number) for number in range(500)}
    for fresh in range(500, 3000):
        now_s += 5
        tried = poison.trial(now_s)
        free = [one for one in left.values() if one.id not in poison]
        sent = tried or rng.sample(free, k=min(40, len(free)))
        if {one.id for one in sent} & bad:
            found = poison.failed(sent, now_s)
            if found is not None:
                condemned.add(found.id)
                del left[found.id]
        else:
            poison.stored([one.id for one in sent], ["m"])
            for one in sent:
                left.pop(one.id, None)
            left[fresh] = row(fresh)  # life goes on
        if condemned == bad:
            break
    assert condemned == bad


# Where ThingsBoard says that it cannot read a message (MQTT 5).


def test_what_cannot_be_read_is_suspect_at_once_and_divided(poison):
    rows = [row(number) for number in range(32)]
    assert poison.unreadable(rows, 0) is None
    assert all(number in poison for number in range(32))
    poison.trial(0)
    assert poison.unreadable(rows, 0) is None
    assert trial(poison, 0) == [0, 1]


def test_a_row_that_it_cannot_read_alone_is_condemned_once_others_of_its_device_arrived_in_between(poison):
    poison.unreadable([row(1, "bad")], 0)
    now_s = 0.0
    for _ in range(SAID):
        poison.trial(now_s)
        assert poison.unreadable([row(1, "bad")], now_s) is None
        now_s = poison.next_trial_s()
    poison.stored([7], ["bad"])
    poison.trial(now_s)
    assert poison.unreadable([row(1, "bad")], now_s) == row(1, "bad")
    assert 1 not in poison
