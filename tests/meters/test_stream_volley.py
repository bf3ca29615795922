"""A volley on an open connection: each answer brings out the next request, once, in whatever pieces it comes."""

import asyncio

import pytest

from bridge.dlms.association import MeterSession
from bridge.dlms.framing import framer
from bridge.dlms.volley import Volley
from bridge.errors import ReplyTimeout
from bridge.meters.stream import Stream
from tests.meters.by_hand import READINGS, converse, meter, read_as, server

LOOPS = ("asyncio", "uvloop")
SINGLES = {"list_items": 0}


class Wire:
    """The transport and the watch of a stream; what goes out is kept."""

    def __init__(self):
        self.out = []
        self.seen = []

    def get_extra_info(self, _):
        return None

    def write(self, data):
        self.out.append(data)

    def abort(self):
        self.out.append(b"aborted")

    def sent(self, data):
        self.seen.append(("sent", data))

    def came(self, frame):
        self.seen.append(("came", frame))


class Wording:
    def broke(self, error):
        raise error

    def silent(self, timeout_s, request, raw, count, frames):
        return ReplyTimeout(f"silence, {count} bytes, {len(frames)} frames")


class Setting:
    """A session whose next cycle is a volley, on a stream."""

    def __init__(self, framing, gap_s=0.0):
        self.session, self.side = MeterSession(meter(framing, profile=SINGLES)), server(framing)
        for conversation in (self.session.associate(), self.session.read()):
            converse(conversation, self.side.answer)
        self.wire = Wire()
        self.stream = Stream(framer(framing), gap_s, Wording())
        self.stream.connection_made(self.wire)

    async def begin(self, timeout_s=30.0, watch=None):
        task = asyncio.create_task(self.stream.converse(self.session.read(), timeout_s, watch, patient=True))
        await asyncio.sleep(0)
        assert isinstance(self.stream._volley, Volley)
        return task

    async def request(self, number):
        """Wait for request number ``number`` and return it."""
        async with asyncio.timeout(20):
            while len(self.wire.out) <= number:
                await asyncio.sleep(0.001)
        assert len(self.wire.out) == number + 1
        return self.wire.out[number]


@pytest.fixture(params=["hdlc", "wrapper"])
def framing(request, monkeypatch):
    monkeypatch.setattr("bridge.meters.stream.set_up", lambda socket: None)
    return request.param


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_answers_in_pieces_of_any_size_are_taken_and_nothing_goes_out_twice(framing, size):
    setting = Setting(framing)
    reading = await setting.begin()
    for number in range(5):
        [frame] = setting.side.frames(await setting.request(number))
        assert setting.stream._volley is not None
        for at in range(0, len(frame), size):
            setting.stream.data_received(frame[at : at + size])
    assert read_as(await reading) == READINGS
    assert len(set(setting.wire.out)) == len(setting.wire.out) == 5
    assert (setting.session.late, setting.stream.take_dropped(), setting.stream.take_repeats()) == (0, 0, 0)


async def test_who_watches_sees_each_request_and_each_answer_in_turn(framing):
    setting = Setting(framing)
    reading = await setting.begin(watch=setting.wire)
    frames = []
    for number in range(5):
        frames += [("sent", await setting.request(number)), ("came", setting.side.frames(setting.wire.out[number])[0])]
        setting.stream.data_received(frames[-1][1])
    await reading
    assert setting.wire.seen == frames


async def test_what_comes_in_the_silence_before_a_request_is_not_taken_for_its_answer(framing):
    setting = Setting(framing, gap_s=0.05)
    reading = await setting.begin()
    [first] = setting.side.frames(await setting.request(0))
    [expected] = setting.side.frames(setting.stream._volley._exchanges[1].request)
    setting.stream.data_received(first)
    setting.stream.data_received(expected)  # before it was asked: nobody can mean it
    assert setting.stream.take_dropped() == len(expected)
    assert setting.wire.out == setting.wire.out[:1]
    reading.cancel()


async def test_after_silence_in_the_middle_hdlc_follows_up_and_the_cycle_goes_on_without_asking_anew(framing):
    setting = Setting(framing)
    reading = await setting.begin(timeout_s=0.05)
    for number in range(2):
        setting.stream.data_received(setting.side.frames(await setting.request(number))[0])
    third = await setting.request(2)
    answer = setting.side.frames(third)
    if framing == "wrapper":  # in clear nothing tells a late answer: the association is over
        with pytest.raises(ReplyTimeout):
            await reading
        assert len(setting.wire.out) == 3
        return
    follow_up = await setting.request(3)
    assert follow_up[5] & 0x0F == 1  # RR
    setting.stream.data_received(answer[0])
    for number in (4, 5):
        setting.stream.data_received(setting.side.frames(await setting.request(number))[0])
    assert read_as(await reading) == READINGS
    assert setting.stream.take_repeats() == 1
    assert setting.wire.out.count(third) == 1


async def test_a_volley_that_is_cut_off_leaves_nothing_that_takes_a_later_answer(framing):
    setting = Setting(framing)
    reading = await setting.begin()
    [answer] = setting.side.frames(await setting.request(0))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    setting.stream.data_received(answer)
    assert setting.wire.out == setting.wire.out[:1]
    assert setting.stream.take_dropped() == len(answer.strip(b"\x7e"))
    following = asyncio.create_task(setting.stream.converse(setting.session.read(), 30.0, None, patient=True))
    setting.wire.out.clear()
    await setting.request(0)
    setting.stream.data_received(answer)
    assert len(setting.wire.out) == 1  # it answers what was given up, not what is asked now
    following.cancel()
