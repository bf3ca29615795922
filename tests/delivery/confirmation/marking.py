"""How a test drives a confirmation by marks, and answers for ThingsBoard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.delivery.confirmation.actions import Ask, Wait, WriteMark
from bridge.delivery.messages import Message

if TYPE_CHECKING:
    from bridge.delivery.confirmation.marks import Marks

FIRST = 100
TICK_S = 0.001  # the publisher's, too: rounding may make a wait nothing


def message(*ids: int) -> Message:
    return Message("t", b"", ids, {"m": len(ids)})


def rows(count: int, first: int = 1) -> Message:
    return message(*range(first, first + count))


def actions(marks: Marks, now_s: float, **more) -> list[object]:
    """What it asks for until it waits, without the wait."""
    found = []
    for _ in range(20):
        action = marks.next(now_s, **({"owing": False} | more))
        if isinstance(action, Wait):
            return found
        found.append(action)
    raise AssertionError(f"it never waits: {found}")


def waits_until(marks: Marks, now_s: float) -> float | None:
    action = marks.next(now_s, owing=False)
    assert isinstance(action, Wait)
    return action.until_s


def mark(marks: Marks, now_s: float, *, back_s: float | None = None) -> list[object]:
    """A mark is written now and comes back; returns what follows from it."""
    wrote, asked = (action for action in actions(marks, now_s) if isinstance(action, (WriteMark, Ask)))
    back_s = now_s if back_s is None else back_s
    marks.answered(asked.number, wrote.value, back_s)
    return actions(marks, back_s)


def hand(marks: Marks, one: Message, handed_s: float, accepted_s: float | None = None) -> Message:
    assert marks.room(handed_s) >= len(one.ids)
    marks.handed(one, handed_s)
    marks.accepted([one], handed_s if accepted_s is None else accepted_s)
    return one


def lose_mark(marks: Marks, now_s: float) -> float:
    """A mark is written and does not come back; returns when that was known."""
    action = marks.next(now_s, owing=False)
    assert isinstance(action, WriteMark), action
    for _ in range(100):
        match marks.next(now_s, owing=False):
            case Ask(number):
                lost = marks._chain.lost
                marks.answered(number, None, now_s)
                if marks._chain.lost > lost:
                    return now_s
            case Wait(until_s):
                now_s = max(until_s, now_s + TICK_S)
            case other:
                raise AssertionError(other)
    raise AssertionError("it was never given up")


def next_mark_s(marks: Marks, now_s: float) -> float:
    """When the next mark is due."""
    while not marks._is_mark_due(now_s):
        match marks.next(now_s, owing=False):
            case Ask(number):
                marks.answered(number, None, now_s)
            case Wait(then_s):
                now_s = max(then_s, now_s + TICK_S)
    return now_s


def without_marks(marks: Marks, until_s: float, now_s: float = 0.0) -> float:
    """A ThingsBoard that answers, and has no mark; returns the time."""
    for _ in range(5000):
        match marks.next(now_s, owing=False):
            case Ask(number):
                marks.answered(number, None, now_s)
            case Wait(then_s):
                now_s = max(then_s, now_s + TICK_S)
        if now_s >= until_s:
            return now_s
    raise AssertionError(now_s)


def short_session(marks: Marks, now_s: float, *ids: int) -> Message:
    """It takes one message and ends before a mark can say anything."""
    marks.up(now_s)
    mark(marks, now_s)
    one = hand(marks, message(*ids), now_s)
    marks.down(now_s + 1, "closed")
    return one
