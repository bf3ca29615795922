"""A conversation under a limit is the same conversation, and ends."""

from contextlib import suppress

import pytest

from bridge.dlms.conversation import NEW_CONNECTION
from bridge.errors import LinkError, ReplyTimeout
from bridge.meters.conversation_limit import limited


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def talk(closed):
    try:
        first = yield b"one"
        try:
            yield b""
        except ReplyTimeout as silence:
            second = str(silence)
        yield NEW_CONNECTION
        return first, second
    finally:
        closed.append(True)


def test_within_its_limit_it_says_hears_and_returns_the_same():
    closed, clock = [], Clock()
    conversation = limited(talk(closed), clock, 60.0)
    assert next(conversation) == b"one"
    clock.now_s += 59
    assert conversation.send(b"answer") == b""
    assert conversation.throw(ReplyTimeout("silence")) is NEW_CONNECTION
    with pytest.raises(StopIteration) as end:
        conversation.send(None)
    assert end.value.value == (b"answer", "silence")
    assert closed == [True]


def test_one_that_ends_by_an_error_ends_by_that_error():
    closed = []
    conversation = limited(talk(closed), Clock())
    next(conversation)
    with pytest.raises(ReplyTimeout, match="silence"):
        conversation.throw(ReplyTimeout("silence"))
    assert closed == [True]


def test_whoever_closes_it_closes_the_conversation():
    closed = []
    conversation = limited(talk(closed), Clock())
    next(conversation)
    conversation.close()
    assert closed == [True]


def endless(closed):
    try:
        while True:
            with suppress(ReplyTimeout):
                yield b"more"
    finally:
        closed.append(True)


@pytest.mark.parametrize("is_silent", [False, True])
def test_beyond_its_limit_it_ends_at_its_next_step_and_is_closed(is_silent):
    closed, clock = [], Clock()
    conversation = limited(endless(closed), clock, 60.0)
    next(conversation)
    clock.now_s += 60
    assert conversation.send(b"a") == b"more"
    clock.now_s += 1
    step, told = (conversation.throw, ReplyTimeout("silence")) if is_silent else (conversation.send, b"b")
    with pytest.raises(LinkError, match="does not come to an end within 1 min"):
        step(told)
    assert closed == [True]
