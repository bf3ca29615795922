"""Services over a link whose other side is played by hand."""

import pytest

from bridge.dlms import xdlms
from bridge.dlms.gurux import reference
from bridge.dlms.services import Services
from bridge.dlms.wrapper import Wrapper
from bridge.dlms.xdlms import Attribute
from tests.dlms.ciphers import cipher
from tests.meters.by_hand import wrapper_frame

VOLTAGE = Attribute(3, bytes((1, 1, 32, 7, 0, 255)), 2)


def services(*, retries=0, counter=None):
    return Services(Wrapper(client=16, server=1), reference=reference, retries=retries, counter=counter)


def asking(one, request=None):
    """Return a conversation that has asked, and the invoke-id under which it did."""
    conversation = one.results(request or xdlms.get(VOLTAGE))
    sent = next(conversation)
    return conversation, sent[10] & 0x0F


def value(invoke_id, data=b"\x12\x34\xcf"):
    return wrapper_frame(bytes((0xC4, 1, 0xC0 | invoke_id, 0)) + data)


def finished(conversation, frame):
    with pytest.raises(StopIteration) as end:
        conversation.send(frame)
    return end.value.value


def send_all(conversation, frames):
    for frame in frames:
        conversation.send(frame)


def protected(*, retries=0, **more):
    one = services(retries=retries)
    one.cipher = cipher(**more)
    return one
