from __future__ import annotations

import random

import pytest

from bridge.configuration.settings import ThingsBoardSettings
from bridge.delivery.confirmation.accepted import Accepted
from bridge.delivery.confirmation.actions import Ask, WriteMark
from bridge.delivery.confirmation.choice import confirmation
from bridge.delivery.confirmation.marks import Marks
from bridge.delivery.memory import FileMemory, NoMemory


def chosen(memory=None, **settings):
    return confirmation(ThingsBoardSettings(**settings), memory or NoMemory(), random.Random(1))


def first_action(one):
    one.up(0)
    return one.next(0, owing=False)


def test_without_a_thingsboard_the_local_receipt_confirms_at_once():
    assert isinstance(chosen(), Accepted)


@pytest.mark.parametrize(("confirm", "kind"), [("mark", Marks), ("fence", Marks), ("puback", Accepted)])
def test_with_one_the_setting_decides(confirm, kind):
    assert isinstance(chosen(host="tb", token="T", confirm=confirm), kind)


def test_a_mark_is_the_default_and_a_fence_writes_none():
    assert isinstance(first_action(chosen(host="tb", token="T")), WriteMark)
    assert isinstance(first_action(chosen(host="tb", token="T", confirm="fence")), Ask)


def test_that_a_mark_was_seen_is_remembered(tmp_path):
    memory = FileMemory(tmp_path / "m.json", "tb")
    assert not chosen(memory, host="tb", token="T").seen
    memory.save({"marks_seen": True})
    assert chosen(memory, host="tb", token="T").seen
