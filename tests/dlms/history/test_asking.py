"""What a meter's refusals, exceptions and silences teach, and what they do not; what is asked again and what never."""

from datetime import UTC

import pytest

from bridge.dlms.history import HistoryLayout, HistoryWays, MeterZone, SilentWayError, examine, oldest, read_slice
from bridge.dlms.load_profile import ProfileColumn
from bridge.dlms.xdlms import Result
from bridge.errors import AccessError, NotAtTheMomentError, ReplyTimeout, ServiceError, ValueUnreadableError

PROFILE = "1.0.99.1.0.255"
COLUMNS = (ProfileColumn(8, "0.0.1.0.0.255", 2), ProfileColumn(3, "1.0.1.8.0.255", 2, 0, 0, "Wh"))
LAYOUT = HistoryLayout(PROFILE, COLUMNS, 900, 0, None, entries=96, zone=MeterZone(-60))
START_S = 1_793_059_200  # 27 October 2026, 00:00 UTC, which the meter calls 01:00
SLICE = (START_S * 1000, (START_S + 7200) * 1000)


def clock(at_s):
    """01:00 to 03:45 in the meter's time, with its deviation."""
    quarters = (at_s - START_S) // 900
    return bytes.fromhex("07EA0A1B02") + bytes((1 + quarters // 4, quarters % 4 * 15, 0, 255)) + b"\xff\xc4\x00"


ROWS = [[clock(START_S + 900 * n), n] for n in range(12)]


def drive(conversation):
    try:
        next(conversation)
    except StopIteration as done:
        return done.value
    raise AssertionError("it asks beside the session")


class Scripted:
    """A session that answers as it is told.

    Args:
        answer: of selection, what to return or raise: (kind, has a deviation) is told.
    """

    def __init__(self, answer, *, count=12):
        self.answer, self.count, self.asked = answer, count, []

    def get(self, class_id, logical_name, attribute, selection=b""):
        yield from ()
        if attribute != 2:
            return Result(self.count) if attribute == 7 else Result(None, 4)
        kind = {0: "whole", 1: "range", 2: "entry"}[selection[0] if selection else 0]
        if kind == "range":
            octets = selection[selection.index(b"\x09\x0c") + 2 :]
            kind += " local" if octets[9:11] == b"\x80\x00" else " utc" if octets[9:11] == b"\0\0" else " stated"
            kind += "" if any(octets[6:8]) else ", whole"
        self.asked.append(kind)
        answered = self.answer(kind, selection)
        if isinstance(answered, Exception):
            raise answered
        return answered


def rows_by_number(selection):
    first, last = int.from_bytes(selection[4:8]), int.from_bytes(selection[9:13])
    return Result(ROWS[first - 1 : last])


def sliced(session, ways=None, of=LAYOUT):
    return drive(read_slice(session, of, *SLICE, ways or HistoryWays(), UTC))


def test_an_exception_counts_as_a_refusal_and_the_next_way_is_tried():
    session = Scripted(lambda kind, _: Result(ROWS) if "utc" in kind else ServiceError("answers with an exception"))
    read = sliced(session)
    assert [row.cells[1].value for row in read.rows] == list(range(1, 9))
    assert (read.ways.ends, read.ways.dead) == ("utc", ("range stated",))
    assert session.asked == ["range stated", "range utc"]
    assert sliced(session, read.ways).requests == 1


def test_service_not_allowed_ends_the_association_and_teaches_nothing():
    with pytest.raises(ServiceError):
        sliced(Scripted(lambda *_: ServiceError("not allowed", not_allowed=True)))


def test_a_temporary_failure_teaches_nothing():
    session = Scripted(lambda *_: Result(None, 2))
    with pytest.raises(NotAtTheMomentError, match="at the moment"):
        sliced(session)
    assert session.asked == ["range stated"]


def test_silence_to_a_new_way_is_remembered_though_the_association_is_gone():
    silent = Scripted(lambda kind, _: ReplyTimeout("silence") if kind != "entry" else rows_by_number(_))
    ways = HistoryWays()
    for _ in range(5):
        with pytest.raises(SilentWayError) as caught:
            sliced(silent, ways)
        ways = caught.value.ways
    read = sliced(silent, ways)
    assert read.ways.by == "entry"
    asked = [kind for kind in silent.asked if kind != "entry"]
    assert len(asked) == len(set(asked)) == 5, "no way twice"


def test_silence_while_the_data_link_stands_costs_the_question_alone():
    session = Scripted(lambda kind, _: Result(ROWS) if "utc" in kind else ReplyTimeout("silence", stands=True))
    assert sliced(session).ways.ends == "utc"


def test_silence_to_the_proven_way_is_an_ordinary_one():
    session = Scripted(lambda *_: ReplyTimeout("silence"))
    with pytest.raises(ReplyTimeout) as caught:
        sliced(session, HistoryWays(by="range", ends="utc"))
    assert not isinstance(caught.value, SilentWayError)


def test_a_proven_range_that_is_refused_is_asked_once_more_with_a_day_before_it():
    """Some refuse a range in which there is no row."""
    refused = []

    def answer(kind, selection):
        refused.append(selection)
        return Result(ROWS[:1]) if len(refused) == 2 else Result(None, 250)

    read = sliced(Scripted(answer), HistoryWays(by="range", ends="stated"))
    assert (read.rows, read.is_whole, read.ways.by, read.requests) == ((), True, "range", 2)


def test_a_way_that_works_no_longer_is_left_and_another_one_found():
    session = Scripted(lambda kind, _: Result(ROWS) if "local" in kind else Result(None, 250))
    read = sliced(session, HistoryWays(by="range", ends="stated"))
    assert (read.ways.by, read.ways.ends, len(read.rows)) == ("range", "local", 8)


def test_an_answer_beside_the_question_is_no_answer():
    elsewhen = [[clock(START_S + 900 * n)[:3] + b"\x19\x07" + clock(START_S + 900 * n)[5:], n] for n in range(8)]
    session = Scripted(lambda kind, _: Result(ROWS) if "utc" in kind else Result(elsewhen))
    read = sliced(session)
    assert (read.ways.ends, len(read.rows)) == ("utc", 8)


def test_rows_in_no_way_at_all_is_said_and_leaves_the_association():
    with pytest.raises(AccessError, match="neither by time, nor by number, nor all at once"):
        sliced(Scripted(lambda *_: Result(None, 3)))


def test_a_profile_without_a_clock_cannot_be_dated():
    with pytest.raises(ValueUnreadableError, match="no clock"):
        sliced(Scripted(lambda *_: Result(ROWS)), of=LAYOUT._replace(clock=None))
    assert drive(oldest(None, LAYOUT._replace(clock=None), HistoryWays(), UTC)) is None


def test_a_meter_without_such_a_profile_costs_one_question():
    session = Scripted(None)
    with pytest.raises(AccessError):
        drive(examine(session, PROFILE))


@pytest.mark.parametrize(
    ("hex_clock", "zone"),
    [
        ("07EA0A1B02 0C0000 00 FFC4 00", MeterZone(-60)),
        ("07EA0A1B02 0C0000 00 003C 00", MeterZone(60, is_inverted=True)),  # one hour ahead, and says behind
        ("07EA0A1B02 0C0000 00 FF88 80", MeterZone(-120, is_summer=True)),  # wrong by an hour: not by its sign
        ("07EA0A1B02 0C0200 00 8000 FF", MeterZone(found_min=60)),  # two minutes fast
        ("07EA0A1B02 0C0700 00 8000 FF", MeterZone()),  # no zone is seven minutes off
        ("07EA0A1B02 0B0000 00 0000 00", MeterZone(0)),
    ],
)
def test_the_zone_is_what_the_clock_says_and_what_the_time_shows(hex_clock, zone):
    class Answers:
        def get(self, class_id, logical_name, attribute, selection=b""):
            yield from ()
            if class_id == 8:
                return Result(bytes.fromhex(hex_clock))
            if attribute == 3:
                return Result([[8, bytes((0, 0, 1, 0, 0, 255)), 2, 0]])
            return Result(900)

    now_ms = (START_S + 11 * 3600) * 1000
    assert drive(examine(Answers(), PROFILE, now_ms=now_ms)).zone == zone
