"""What meters push without being asked: bytes of a stream in, notifications and their values out. Pure.

    stream.py       which framing, and where a message ends     opening.py       whose it is, by its keys; its counter
    hdlc_push.py, mbus.py, bare.py   the framings               notification.py  plain: time, invoke-id, body
    pieces.py, blocks.py             what comes in pieces       body.py          which value is whose
    messages.py     what comes out of a stream                  named_values.py, pushed_value.py   values and names

    stream = PushStream()
    for message in stream.feed(data):            # PushApdu, or a PushRefusal in words
        told = open_notification(message.apdu, keys_of, last_counter_of)
        body = pushed_body(told, columns)        # .values, .rows, .unnamed

No socket, no clock, no file: who listens owns those (timeouts: :attr:`PushStream.is_partial`, :meth:`PushStream.drop`),
and the invocation counters, which he keeps by system title.
"""

from __future__ import annotations

from bridge.dlms.push.body import PushedBody, names_in, pushed_body
from bridge.dlms.push.messages import PushApdu, PushFraming, PushLimits, PushReason, PushRefusal
from bridge.dlms.push.notification import Notification
from bridge.dlms.push.opening import (
    PushError,
    ReplayedPushError,
    UnknownTitleError,
    UnsupportedPushError,
    WrongKeyError,
    open_notification,
)
from bridge.dlms.push.pushed_value import PushedValue
from bridge.dlms.push.stream import PushStream

__all__ = [
    "Notification",
    "PushApdu",
    "PushError",
    "PushFraming",
    "PushLimits",
    "PushReason",
    "PushRefusal",
    "PushStream",
    "PushedBody",
    "PushedValue",
    "ReplayedPushError",
    "UnknownTitleError",
    "UnsupportedPushError",
    "WrongKeyError",
    "names_in",
    "open_notification",
    "pushed_body",
]
