"""Whatever is pushed: no error but one by name, nothing held without bound, no small message that makes much work.

Every mutation comes of a seed, so that one that fails fails again.
"""

import random
import tracemalloc
from contextlib import suppress

import pytest

from bridge.demo.pushing import PushingMeter
from bridge.dlms import axdr
from bridge.dlms.push import (
    PushApdu,
    PushError,
    PushLimits,
    PushStream,
    names_in,
    open_notification,
    pushed_body,
)
from bridge.dlms.xdlms import Attribute
from bridge.errors import DecodeError
from tests.dlms.push.gurux_pushes import keys, notifier, pushed
from tests.dlms.push.pushed_frames import AIDON_HAN, GENERAL_GLO, KAIFA_MBUS, KAMSTRUP_HAN, LANDIS_GYR_E450, SMR5_ALARM

LIMITS = PushLimits(message_bytes=4096, pieces=32, senders=4)
COLUMNS = (Attribute(8, bytes(5) + b"\xff", 2), Attribute(3, b"\x01\x00\x01\x08\x00\xff", 2))
INTERESTING = b"\x00\x01\x02\x09\x0c\x0f\x10\x13\x30\x68\x7e\x7f\x80\x81\x82\x84\xc2\xdb\xe0\xfe\xff"


def corpus():
    real = [SMR5_ALARM, GENERAL_GLO, b"".join(LANDIS_GYR_E450), KAMSTRUP_HAN, AIDON_HAN, KAIFA_MBUS]
    ours = [
        b"".join(PushingMeter(framing=framing, body=body, security=security, block_bytes=blocks).message(1_800_000_000))
        for framing in ("wrapper", "hdlc", "m-bus", "bare")
        for body in ("list", "pairs", "values", "event")
        for security, blocks in (("none", 0), ("none", 60), ("authenticated-encryption", 100))
    ]
    theirs = [
        b"".join(pushed(notifier(framing, security, pdu_bytes=80)))
        for framing in ("wrapper", "bare")
        for security in (0, 48)
    ]
    return real + ours + theirs


CORPUS = corpus()


def mutated(rng):
    data = bytearray(rng.choice(CORPUS))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                data[at : at + 1] = bytes((rng.randrange(256),))
            case 1:
                data[at : at + 1] = bytes((rng.choice(INTERESTING),))
            case 2:
                del data[at : at + rng.choice((1, 2, 9, 100))]
            case 3:
                data[at:at] = rng.randbytes(rng.choice((1, 2, 9, 100)))
            case 4:
                other = rng.choice(CORPUS)
                start = rng.randrange(len(other))
                data[at:at] = other[start : start + rng.choice((4, 30, 300))]
            case 5:
                data[at:at] = data[at : at + rng.choice((1, 4, 40))] * rng.choice((1, 2, 20))
    return bytes(data)


def held(stream):
    """Return how many octets a stream holds."""
    parts = [stream._segments, stream._blocks, *([stream._hdlc._pieces] if stream._hdlc else [])]
    frames = len(stream._hdlc._framer.buffer) if stream._hdlc else 0
    return (
        len(stream._buffer)
        + len(stream._stray)
        + frames
        + sum(len(part.data) for pieces in parts for part in pieces._parts.values())
    )


def swallow(stream, data, rng):
    """Feed ``data`` in pieces as a listener does; return what came of it."""
    out, at = [], 0
    while at < len(data):
        size = rng.choice((1, 2, 7, 60, 1000))
        for message in stream.feed(data[at : at + size]):
            out.append(message)
            if isinstance(message, PushApdu):
                with suppress(PushError):
                    told = open_notification(message.apdu, lambda title: keys(), lambda title: 5)
                    for columns in ((), COLUMNS):
                        names_in(pushed_body(told, columns))
        assert held(stream) <= 3 * LIMITS.message_bytes
        at += size
    return out


@pytest.mark.parametrize("seed", range(40))
def test_mutations_of_what_meters_push_end_in_values_or_in_words(seed):
    rng = random.Random(seed)
    for _ in range(50):
        stream = PushStream(LIMITS)
        for _ in range(2):
            swallow(stream, mutated(rng), rng)
        stream.drop()
        assert not stream.is_partial
        assert held(stream) == 0
        assert [type(one) for one in stream.feed(AIDON_HAN)] == [PushApdu]  # and it reads on


@pytest.mark.parametrize("seed", range(10))
def test_noise_ends_in_words(seed):
    rng = random.Random(seed)
    stream = PushStream(LIMITS)
    for _ in range(20):
        swallow(stream, bytes(rng.choice((rng.choice(INTERESTING), rng.randrange(256))) for _ in range(500)), rng)


def test_a_body_is_bent_octet_by_octet_and_either_decodes_or_is_an_error_by_name():
    plain = open_notification(SMR5_ALARM, lambda title: None)
    assert plain.body
    for source in (SMR5_ALARM, PushStream().feed(KAMSTRUP_HAN)[0].apdu):
        for at in range(len(source)):
            for octet in INTERESTING:
                try:
                    told = open_notification(source[:at] + bytes((octet,)) + source[at + 1 :], lambda title: None)
                except PushError:
                    continue
                pushed_body(told, COLUMNS)


@pytest.mark.parametrize(
    "data",
    [
        "13 0202 0103e800 11 4040" + 64 * "00",  # a thousand elements without octets for each octet
        "13 0202 01ffff0100ff00 11 0100",
        "13 01ffff 01ffff 01ffff 11 10" + 16 * "00",
        "01 84ffffffff 00",
        "13 84ffffffff",
        "02 01" * 14 + "01 82ffff 00",
    ],
)
def test_a_small_message_makes_neither_much_work_nor_much_memory(data):
    octets = bytes.fromhex(data.replace("4040", "40"))
    calls = 0

    def counting(*args):
        nonlocal calls
        calls += 1
        return value_at(*args)

    value_at, axdr.value_at = axdr.value_at, counting
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            axdr.decode(octets)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        axdr.value_at = value_at
    assert calls <= 20 * len(octets)
    assert peak <= 100_000


def test_a_stream_holds_no_more_than_its_limits_say_whoever_sends_what_without_an_end():
    def wrapped(apdu, source):
        return b"\x00\x01" + source.to_bytes(2) + b"\x00\x01" + len(apdu).to_bytes(2) + apdu

    def segment(source):
        return b"\x68\x85\x85\x68\x53\xff\x00" + bytes((source, 1)) + bytes(128)

    stream, most = PushStream(LIMITS), 0
    for n in range(1, 4000):
        source = n % 50
        frame = wrapped(b"\xe0\x40" + (1 + n // 50).to_bytes(2) + b"\x00\x00\x40" + bytes(64), source)
        content = segment(source)
        stream.feed(frame + content + bytes((sum(content[4:]) & 0xFF, 0x16)))
        most = max(most, held(stream))
    assert 0 < most <= 2 * LIMITS.message_bytes
