"""Whose turn it is to be introduced."""

from __future__ import annotations

from bridge.delivery.waiting_devices import WaitingDevices


def turns(waiting: WaitingDevices) -> list[str]:
    found = []
    while (device := waiting.next(lambda _: True)) is not None:
        waiting.leave(device)
        found.append(device)
    return found


def test_devices_with_samples_go_before_those_with_nothing_but_reports_and_each_in_the_order_they_waited():
    waiting = WaitingDevices()
    for device in "ABCD":
        waiting.want(device, joins=True)
    for device in "DB":
        waiting.want(device, joins=True, has_samples=True)
    assert turns(waiting) == ["B", "D", "A", "C"]


def test_in_the_next_session_it_is_told_anew_who_has_samples():
    waiting = WaitingDevices()
    waiting.want("A", joins=True)
    waiting.want("B", joins=True, has_samples=True)
    waiting.session_ended([], first=None)
    assert waiting.next(lambda _: True) is None
    waiting.want("B", joins=True)
    waiting.want("A", joins=True, has_samples=True)
    assert turns(waiting) == ["A", "B"]
