"""An end for conversations: a meter that always has a little more to say, just in time, is given up.

Frames, segments and blocks are bounded where they are taken, and silence is bounded by the timeout of an answer. All of
that together may still be days. The clock is asked once a step, so there is no timer to leave behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bridge.errors import LinkError, MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.conversation import Conversation

T = TypeVar("T")
LONGEST_S = 1800.0
"""No honest conversation between two readings takes longer, not even an object list over a slow line."""


def limited(conversation: Conversation[T], now_s: Callable[[], float], longest_s: float = LONGEST_S) -> Conversation[T]:
    """Return the same conversation, which ends by an error at its first step after ``longest_s``.

    Args:
        conversation: closed when this ends, however it does.
        now_s: the time, seconds, from a clock that is never set.
        longest_s: how long it may take.

    Raises:
        LinkError: it took longer. Close, then reconnect after the backoff.
        MeterError: whatever the conversation raises.
    """
    until_s = now_s() + longest_s
    try:
        said = next(conversation)
        while now_s() <= until_s:
            try:
                frame = yield said
            except MeterError as error:
                said = conversation.throw(error)
            else:
                said = conversation.send(frame)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # what StopIteration carries has no type
    finally:
        conversation.close()
    raise LinkError(
        f"answers bit by bit, and does not come to an end within {longest_s / 60:g} min",
        hint="a very slow line, or a meter or converter out of order? restarting it may help",
    )
