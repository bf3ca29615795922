"""What a conversation does about a connection that broke: it comes to its end, or asks for another connection."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from bridge.dlms.conversation import NEW_CONNECTION

if TYPE_CHECKING:
    from bridge.dlms.conversation import Conversation
    from bridge.errors import MeterError

_MOST_WAYS = 8  # so often a conversation may look for another way on a connection that broke


class NewConnectionWanted(Exception):  # noqa: N818 - no failure
    """The conversation asks for another connection, and goes on there."""


def reset(why: str) -> OSError:
    """Return what a connection that the other side ended raises."""
    return ConnectionResetError(errno.ECONNRESET, why)


def aborted(why: str) -> OSError:
    """Return what a connection that this side ended raises."""
    return ConnectionAbortedError(errno.ECONNABORTED, why)


def led_out(conversation: Conversation[Any], told: MeterError) -> tuple[Any, Exception | None]:
    """Throw ``told`` into the conversation until it ends; return its result, or what it raises.

    A conversation that asks for another connection gives :class:`NewConnectionWanted`.
    """
    for _ in range(_MOST_WAYS):
        try:
            if conversation.throw(told) is NEW_CONNECTION:
                return None, NewConnectionWanted()
        except StopIteration as done:
            return done.value, None
        except Exception as raised:  # noqa: BLE001 - it is raised where the conversation is awaited
            return None, raised
    conversation.close()
    return None, told
