"""Invocation counters: reserved ahead on disk, never given out twice, never lower; kill -9 and damage included."""

import pytest

from bridge.dlms.invocation_counter import LIMIT
from bridge.dlms.security_keys import SecurityKeys
from bridge.errors import AssociationError
from bridge.meters.counter_store import CounterStore
from tests.meters.counters_by_hand import KEY, counter

OTHER = SecurityKeys(security=0x30, suite=0, encryption_key=bytes(range(16)), authentication_key=bytes(16))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "counters.db"


def test_numbers_begin_at_one_and_rise_by_one(file):
    one = counter(file)
    assert [one.take() for _ in range(5)] == [1, 2, 3, 4, 5]
    assert one.next == 6


def test_nothing_is_given_out_that_was_not_reserved(file):
    with pytest.raises(AssociationError, match="reserved"):
        CounterStore(file).of(KEY).take()


def test_a_block_that_is_used_up_is_refused_until_the_next_is_reserved(file):
    one = counter(file)
    while not one.is_low:
        one.take()
    first = one.next
    for _ in range(2000):
        if one._end == one.next:
            break
        one.take()
    with pytest.raises(AssociationError, match="reserved"):
        one.take()
    one.reserve()
    assert one.take() > first


def test_reserving_ahead_skips_no_number(file):
    one = counter(file)
    numbers = []
    for _ in range(25_000):
        if one.is_low:
            one.reserve()
        numbers.append(one.take())
    assert numbers == list(range(1, 25_001))


def test_a_start_goes_on_above_everything_that_was_given_out(file):
    taken = [counter(file).take() for _ in range(5)]
    assert taken == sorted(set(taken))


def test_meters_that_share_a_key_share_the_numbers_and_others_do_not(file):
    counters = CounterStore(file)
    assert counters.of(KEY) is counters.of(KEY)
    assert counters.of(OTHER) is not counters.of(KEY)
    counters.of(KEY).reserve()
    counters.of(OTHER).reserve()
    assert (counters.of(KEY).take(), counters.of(OTHER).take()) == (1, 1)


def test_a_rise_that_the_meter_asks_for_is_kept_for_the_next_start(file):
    one = counter(file)
    one.seen_by_meter(50_000)
    assert one.take() == 50_000
    assert counter(file).take() > 50_000


def test_the_meters_word_never_lowers_the_counter(file):
    one = counter(file)
    one.seen_by_meter(500)
    one.seen_by_meter(3)
    assert one.take() == 500


def test_the_meters_word_is_not_believed_when_it_would_use_up_the_key(file):
    one = counter(file)
    with pytest.raises(AssociationError, match="not believed"):
        one.seen_by_meter(LIMIT - 10)
    assert one.take() == 1
    assert counter(file).take() < 50_000


def test_a_counter_that_is_near_its_end_follows_the_meter_all_the_same(file):
    one = counter(file)
    one.reserve(LIMIT - 50_000)
    one.seen_by_meter(LIMIT - 45_000)
    assert one.take() == LIMIT - 45_000


@pytest.mark.parametrize("kept", [True, False])
def test_the_last_number_is_given_out_once_and_then_none(tmp_path, kept):
    one = counter(tmp_path / "counters.db" if kept else None)
    one.reserve(LIMIT - 3)
    assert [one.take() for _ in range(3)] == [LIMIT - 3, LIMIT - 2, LIMIT - 1]
    with pytest.raises(AssociationError):
        one.take()
    with pytest.raises(AssociationError, match="used up"):
        one.reserve()
    assert one.remaining_ratio == 0


def test_without_a_file_the_counter_lives_in_memory():
    counters = CounterStore(None)
    one = counters.of(KEY)
    one.reserve()
    one.give_up()
    one.reserve()
    assert [one.take(), one.take()] == [1, 2]
    assert counters.of(KEY) is one


def test_the_system_title_is_made_once_and_kept(file):
    title = CounterStore(file).system_title()
    assert len(title) == 8
    assert title[:3] == b"DLB"
    assert CounterStore(file).system_title() == title
    assert CounterStore(None).system_title() != CounterStore(None).system_title()


def test_no_key_stands_in_the_file(file):
    counter(file, OTHER)
    assert OTHER.encryption_key not in file.read_bytes()
    assert OTHER.encryption_key.hex().encode() not in file.read_bytes()


def test_a_dedicated_key_is_random_and_as_long_as_the_other():
    for size in (16, 32):
        keys = SecurityKeys(0x30, 0, bytes(size), bytes(size), dedicated=True)
        made = {keys.fresh_dedicated_key() for _ in range(5)}
        assert len(made) == 5
        assert {len(key) for key in made} == {size}
    assert KEY.fresh_dedicated_key() is None
