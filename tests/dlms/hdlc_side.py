"""The other side of an HDLC link by hand: frames with the numbers that one asks for."""

import pytest

from bridge.demo.hdlc import HdlcStation, parse
from bridge.dlms.framing import check_sequence_holds
from bridge.dlms.hdlc import Hdlc
from bridge.errors import ReplyTimeout
from tests.meters.by_hand import UA, hdlc_frame

LLC = b"\xe6\xe7\x00"


GET = bytes.fromhex("c001c1000301012007 00ff0200".replace(" ", ""))


ANSWER = b"\xc4\x01\xc1\x00\x12\x34\xcf"


SILENCE = ReplyTimeout("silence")


def answer(information=LLC + ANSWER, *, ns=0, nr=1, final=True, segmented=False, **more):
    return hdlc_frame(information, control=nr << 5 | final << 4 | ns << 1, segmented=segmented, **more)


def supervisory(kind, nr):
    return hdlc_frame(control=nr << 5 | 0x10 | kind)


RR, RNR, REJ = 0x01, 0x05, 0x09


def connected(ua=UA, **arguments):
    link = Hdlc(**{"client": 1, "server": 1} | arguments)
    conversation = link.connect()
    next(conversation)
    assert finished(conversation, ua) is None
    return link


def finished(conversation, frame):
    """Send the last frame and return what the conversation returns."""
    with pytest.raises(StopIteration) as end:
        conversation.send(frame)
    return end.value.value


def control_of(frame):
    assert check_sequence_holds(frame[1:-1])
    return parse(frame).control


def station(apdu, **sizes):
    """The meter's end of a link: answers any request with ``apdu``."""
    asked = []

    def respond(request):
        asked.append(request)
        return apdu

    side = HdlcStation(respond, lambda: None, **{"max_info_bytes": 128, "window": 1} | sizes)
    return asked, lambda frame: b"".join(side.answer(parse(frame)))


def send_all(conversation, frames):
    for frame in frames:
        conversation.send(frame)
