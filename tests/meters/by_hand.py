"""Conversations driven by hand, with bytes and no network: what the tests of the session and its layers share."""

from collections import deque

from bridge.configuration.meter import resolve
from bridge.configuration.profile import Profile, load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import DEMO_PASSWORD, Keys, MeterServer
from bridge.dlms.conversation import NEW_CONNECTION
from bridge.dlms.framing import fcs16, framer
from bridge.dlms.volley import Volley
from bridge.errors import MeterError, ReplyTimeout

READINGS = [
    ("voltage_l1", 135.19, "V"),
    ("current_l1", 1.23, "A"),
    ("frequency", 59.98, "Hz"),
    ("active_power", -156, "W"),
    ("active_energy", 56348, "Wh"),
]
"""What the Microstar profile reads of a meter under :func:`fixed_load`."""

SNRM = bytes.fromhex("7EA0070303938C117E")  # of the first meter that this bridge read: server 1, client 1
UA = bytes.fromhex("7ea01e03037340cc818014050180060180070400000001080400000001d6487e")
GET_RESPONSE = bytes.fromhex("7ea0130303747033e6e700c401c10012321090247e")


def fixed_load(now_s):
    return {
        "1.1.32.7.0.255": 13519,
        "1.1.31.7.0.255": 1230,
        "1.1.14.7.0.255": 5998,
        "1.1.1.7.0.255": -156,
        "1.1.1.8.0.255": 56348,
    }


def meter(framing="hdlc", *, profile=None, profile_name="microstar", retries=2, **settings):
    """Return the demo meter as the settings make it; ``profile``: fields laid over the profile of that name."""
    given = {"host": "meter", "profile": profile_name, "password": DEMO_PASSWORD, "framing": framing, **settings}
    settings = MeterSettings.model_validate({name: value for name, value in given.items() if value is not None})
    fields = load_profile(settings.profile).model_dump(by_alias=True) | (profile or {})
    return resolve("main", settings, Profile.model_validate(fields), PollSettings(retries=retries))


def server(framing="hdlc", **arguments):
    return MeterServer(framing=framing, load=arguments.pop("load", fixed_load), **arguments)


def one_by_one(conversation):
    """The same conversation, with what it hands over as a volley asked request by request."""
    step, value = conversation.send, None
    try:
        while True:
            said = step(value)
            try:
                if isinstance(said, Volley):
                    frame = b""
                    while said.request and said.take(frame := (yield said.request)):
                        frame = b""
                else:
                    frame = yield said
            except MeterError as error:
                step, value = conversation.throw, error
            else:
                step, value = conversation.send, frame
    except StopIteration as done:
        return done.value
    finally:
        conversation.close()


def converse(conversation, answer, *, most=5000):
    """Drive a conversation against ``answer(request) -> bytes``; return its result and the requests it made.

    The bytes go through the framer, as on the line, and silence is told as the line tells it.
    """
    requests, frames = [], deque()
    conversation = one_by_one(conversation)
    try:
        request = next(conversation)
        cutter = framer("hdlc" if request[:1] == b"\x7e" else "wrapper")
        for _ in range(most):
            if request is NEW_CONNECTION:
                frames.clear()
                cutter.reset()
                request = conversation.send(None)
                continue
            if request:
                requests.append(request)
                cutter.reset()
                frames.clear()
                frames.extend(cutter.feed(answer(request)))
            request = conversation.send(frames.popleft()) if frames else conversation.throw(ReplyTimeout("silence"))
    except StopIteration as done:
        return done.value, requests
    raise AssertionError("the conversation does not end")


def read_as(readings):
    return [(one.register.key, one.value, one.unit) for one in readings]


def hdlc_frame(information=b"", *, control=0x30, server=b"\x03", client=b"\x03", segmented=False):
    """Return a frame of the meter: by default from server 1 to client 1."""
    header = client + server + bytes((control,))
    length = 2 + len(header) + 2 + (len(information) + 2 if information else 0)
    head = bytes((0xA0 | segmented << 3 | length >> 8, length & 0xFF)) + header
    head += fcs16(head).to_bytes(2, "little")
    body = head + information + (fcs16(head + information).to_bytes(2, "little") if information else b"")
    return b"\x7e" + body + b"\x7e"


def wrapper_frame(apdu, *, source=1, destination=16):
    return b"\x00\x01" + source.to_bytes(2) + destination.to_bytes(2) + len(apdu).to_bytes(2) + apdu


def demo_keys(suite=0, **more):
    size = 32 if suite == 2 else 16
    return Keys(
        suite=suite, encryption_key=bytes(range(size)), authentication_key=bytes(range(0xD0, 0xD0 + size)), **more
    )
