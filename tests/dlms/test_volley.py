"""The volley: what it takes, and that with it the same comes out, by the same requests, as without."""

import itertools
import random

import pytest

from bridge.dlms.answer_shapes import shape_of
from bridge.dlms.association import MeterSession
from bridge.dlms.planned_volleys import PlannedVolleys
from bridge.dlms.volley import Volley
from bridge.errors import MeterError
from tests.meters.by_hand import READINGS, converse, meter, read_as, server
from tests.meters.fuzz import drive
from tests.meters.fuzz_line import Line
from tests.meters.fuzz_scenarios import Scenario

SINGLES = {"list_items": 0}
KINDS = [("hdlc", SINGLES), ("hdlc", {}), ("wrapper", SINGLES), ("wrapper", {})]
SCENARIOS = (
    "hdlc_singles", "hdlc_list", "wrapper_singles", "wrapper_list", "hdlc_four_bytes", "hdlc_segments",
    "hdlc_ciphered", "wrapper_ciphered", "hdlc_ciphered_singles", "wrapper_ciphered_singles",
    "hdlc_short_names", "wrapper_short_names", "wrapper_blocks",
)  # fmt: skip


class Never(PlannedVolleys):
    """No volleys at all."""

    def prepare(self, steps, services):
        return {}


def associated(framing, profile, *, volleys=True, **theirs):
    session, side = MeterSession(meter(framing, profile=profile)), server(framing, **theirs)
    if not volleys:
        session._plan._volleys = Never()
    converse(session.associate(), side.answer)
    converse(session.read(), side.answer)
    return session, side


def volley_of(session):
    """Return the volley with which the next cycle begins."""
    said = next(session.read())
    assert isinstance(said, Volley)
    return said


@pytest.mark.parametrize(("framing", "profile"), KINDS)
def test_from_the_second_cycle_on_the_whole_turn_is_a_volley_of_the_very_same_requests(framing, profile):
    session, side = associated(framing, profile)
    other, other_side = associated(framing, profile, volleys=False)
    for _ in range(20):
        readings, requests = converse(session.read(), side.answer)
        assert read_as(readings) == READINGS
        assert (readings, requests) == converse(other.read(), other_side.answer)
    assert len(volley_of(session)._exchanges) == len(requests)


@pytest.mark.parametrize(("framing", "profile"), KINDS)
def test_no_frame_with_a_flipped_bit_is_taken_but_for_a_value_behind_the_wrapper(framing, profile):
    session, side = associated(framing, profile)
    volley = volley_of(session)
    [frame] = side.frames(volley.request)
    values_at = len(volley._exchanges[0].head)
    taken = []
    for bit in range(8 * len(frame)):
        bent = bytearray(frame)
        bent[bit // 8] ^= 0x80 >> bit % 8
        if Volley(volley._exchanges).take(bytes(bent)):
            taken.append(bit // 8)
    assert framing == "wrapper" or not taken
    assert all(at >= values_at for at in taken)
    assert volley.take(frame)


@pytest.mark.parametrize(("framing", "profile"), KINDS)
def test_no_frame_of_another_length_is_taken(framing, profile):
    session, side = associated(framing, profile)
    volley = volley_of(session)
    [frame] = side.frames(volley.request)
    for other in (b"", frame[:-1], frame[1:], frame + b"\x7e", b"\x7e" + frame, frame + frame, frame[:10]):
        assert not volley.take(other)
    assert volley.take(frame)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_over_a_line_that_bends_everything_the_same_comes_out_by_the_same_requests_as_without_volleys(scenario):
    with_volleys, without = Scenario(scenario), Scenario(scenario)
    fired, never = [], []
    for seed in range(400):
        with_volleys.restore()
        without.restore()
        without.session._plan._volleys = Never()
        assert outcome(with_volleys, seed, fired) == outcome(without, seed, never), f"seed {seed}"
    assert not never
    if "short_names" in scenario:  # without invoke-ids there are none
        assert not fired
    else:
        assert len(fired) > 100
        assert sum(bool(one.request) for one in fired) > 50  # and many broke


def outcome(scenario, seed, fired):
    """Return the requests, what came of them and what was counted, of a few cycles over a bad line."""
    rng = random.Random(seed)
    line = Line(rng, scenario, scenario.side)
    line.rate = rng.choice((0.02, 0.15, 0.5))
    session, requests, came = scenario.session, [], []

    class Heard:
        def answer(self, request):
            requests.append(request)
            return line.answer(request)

    for cycle in range(1, 5):
        scenario.load.cycle = cycle
        try:
            came.append(drive(watched(session.read(), fired), Heard(), scenario.framing, set()))
        except MeterError as error:
            came.append((type(error), str(error)))
            break
    if scenario.is_ciphered:  # each under a counter of its own
        requests = [len(request) for request in requests]
    return requests, came, session.late, session.notifications


def watched(conversation, fired):
    """The same conversation; its volleys are added to ``fired``."""
    step, value = conversation.send, None
    while True:
        try:
            said = step(value)
        except StopIteration as done:
            return done.value
        if isinstance(said, Volley):
            fired.append(said)
        try:
            step, value = conversation.send, (yield said)
        except MeterError as error:
            step, value = conversation.throw, error


def energy_as_long64(side, when=lambda: True):
    """Answer as the meter does, the last register as long64 whenever ``when`` says so."""

    def answer(request):
        [frame] = side.frames(request)
        if frame[12:] != b"\x06" + (56348).to_bytes(4) or not when():
            return frame
        apdu = frame[8:12] + b"\x14" + (56348).to_bytes(8)
        return frame[:6] + len(apdu).to_bytes(2) + apdu

    return answer


def test_an_answer_of_another_type_is_read_and_the_next_one_expected_in_it():
    session, side = associated("wrapper", SINGLES)
    fired = []
    for _ in range(3):
        readings, requests = converse(watched(session.read(), fired), energy_as_long64(side))
        assert read_as(readings) == READINGS
        assert len(requests) == 5
    assert [(one.answered, one.request != b"") for one in fired] == [(4, True), (5, False), (5, False)]


def test_where_volleys_keep_breaking_most_cycles_do_without():
    session, side = associated("wrapper", SINGLES)
    fired, turns = [], itertools.count()
    for _ in range(100):
        readings, requests = converse(
            watched(session.read(), fired), energy_as_long64(side, lambda: next(turns) % 2 == 0)
        )
        assert read_as(readings) == READINGS
        assert len(requests) == 5
    assert 0 < len(fired) <= 30
    for _ in range(50):
        converse(watched(session.read(), fired), side.answer)
    fired.clear()
    converse(watched(session.read(), fired), side.answer)
    assert fired  # and it is tried again


@pytest.mark.parametrize(
    "apdu",
    [
        "c401c1000900",  # octets
        "c401c1001601",  # an enum
        "c401c10012ff",  # cut short
        "c401c10012ffff00",  # bytes left over
        "c401c10104",  # refused
        "c403c102001200010104",  # one of two refused
        "c403c1020012000100",  # cut short
        "c403c100",  # a list of nothing
        "c402c1000000000100",  # a block
        "0c0100120001",  # of a read by short name
        "c4",
        "",
    ],
)
def test_what_is_not_integers_alone_has_no_shape(apdu):
    assert shape_of(bytes.fromhex(apdu)) is None


@pytest.mark.parametrize(
    "apdu", ["c401c1001201ff", "c401410005fffffffe", "c403c103001200010014000000000000000100" + "0f80"]
)
def test_the_head_of_a_shape_is_the_answers_own_and_its_marks_stand_between_the_values(apdu):
    answer = bytes.fromhex(apdu)
    shape = shape_of(answer)
    assert answer.startswith(shape.head(1))
    assert len(shape.head(1)) + shape.rest_bytes == len(answer)
    assert shape_of(answer) is shape
    assert shape.head(2) != shape.head(1)
