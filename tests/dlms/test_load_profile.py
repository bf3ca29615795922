"""Load profiles: columns with their scalers, rows by time and by number; the meter is the demo's, the bytes gurux's."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from gurux_dlms import GXDateTime, GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric
from gurux_dlms.objects.GXDLMSCaptureObject import GXDLMSCaptureObject

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import MeterServer
from bridge.dlms import load_profile as profile_generic
from bridge.dlms.association import MeterSession
from bridge.dlms.dates import date_time
from bridge.dlms.load_profile import ProfileColumn, ProfileLayout, by_entry, by_range, layout, newest
from bridge.dlms.xdlms import Result
from bridge.errors import AccessError, DecodeError

NOW_S = 1_795_000_020  # 20 seconds into a quarter of an hour
PROFILE = "1.0.99.1.0.255"


def energy(now_s):
    return {"1.1.1.8.0.255": int(now_s) // 100 % 1_000_000, "1.1.1.7.0.255": 1500}


def converse(conversation, answer):
    try:
        request = next(conversation)
        while True:
            request = conversation.send(answer(request))
    except StopIteration as done:
        return done.value


@pytest.fixture(params=["hdlc", "wrapper", "hdlc, short names", "wrapper, short names"])
def associated(request):
    framing, _, short = request.param.partition(", ")
    how = {"framing": framing, "referencing": "sn" if short else "ln"}
    side = MeterServer(load=energy, clock=lambda: NOW_S, max_pdu_bytes=400, password="", **how)
    settings = MeterSettings(host="meter", profile="microstar", authentication="none", **how)
    session = MeterSession(resolve("m", settings, load_profile("microstar"), PollSettings()))
    waiting = []

    def answer(frame):  # an answer in several frames is taken one by one
        if frame:
            waiting.extend(side.frames(frame))
        return waiting.pop(0)

    converse(session.connect(), answer)
    return session, answer


@pytest.fixture
def layout_of_demo(associated):
    session, answer = associated
    return session, answer, converse(layout(session, PROFILE), answer)


def test_the_columns_have_the_scalers_and_units_of_what_was_captured(layout_of_demo):
    *_, found = layout_of_demo
    assert found.period_s == 900
    assert [(one.class_id, one.logical_name, one.attribute, one.unit) for one in found.columns] == [
        (8, "0.0.1.0.0.255", 2, ""),
        (1, "0.0.96.10.1.255", 2, ""),
        (3, "1.1.1.8.0.255", 2, "Wh"),
        (3, "1.1.1.7.0.255", 2, "W"),
    ]
    assert found.columns[0].is_clock


def test_rows_come_by_the_time_at_which_they_were_captured(layout_of_demo):
    session, answer, of = layout_of_demo
    end = datetime.fromtimestamp(NOW_S, UTC)
    rows = converse(by_range(session, of, end - timedelta(hours=1), end, here=UTC), answer)
    assert len(rows) == 4
    stamps = [datetime.fromisoformat(row[0].value) for row in rows]
    assert stamps[-1] == datetime.fromtimestamp(NOW_S // 900 * 900, UTC)
    assert {later - earlier for earlier, later in pairwise(stamps)} == {timedelta(minutes=15)}
    assert [row[2].value for row in rows] == [int(stamp.timestamp()) // 100 % 1_000_000 for stamp in stamps]
    assert {row[3] for row in rows} == {(1500, "")}


def test_a_time_zone_names_the_same_instant(layout_of_demo):
    session, answer, of = layout_of_demo
    there = timezone(timedelta(hours=-5))
    end = datetime.fromtimestamp(NOW_S, there)
    rows = converse(by_range(session, of, end - timedelta(minutes=20), end, here=UTC), answer)
    assert datetime.fromisoformat(rows[-1][0].value) == datetime.fromtimestamp(NOW_S // 900 * 900, UTC)


def test_rows_come_by_their_number(layout_of_demo):
    session, answer, of = layout_of_demo
    rows = converse(by_entry(session, of, 1, 3), answer)
    assert len(rows) == 3
    assert datetime.fromisoformat(rows[0][0].value) == datetime.fromtimestamp(
        NOW_S // 900 * 900 - (60 * 96 - 1) * 900, UTC
    )


def test_the_newest_rows_are_the_last_ones(layout_of_demo):
    session, answer, of = layout_of_demo
    rows = converse(newest(session, of, 2), answer)
    assert [datetime.fromisoformat(row[0].value).timestamp() for row in rows] == [
        NOW_S // 900 * 900 - 900,
        NOW_S // 900 * 900,
    ]


def test_a_long_profile_comes_in_blocks_and_whole(layout_of_demo):
    session, answer, of = layout_of_demo
    assert len(converse(by_entry(session, of, 1, 3 * 96), answer)) == 3 * 96


def test_a_profile_that_is_not_there_is_refused_with_the_meters_reason(associated):
    session, answer = associated
    with pytest.raises(AccessError, match=r"1\.0\.99\.9\.0\.255: object un"):
        converse(layout(session, "1.0.99.9.0.255"), answer)


class Choosy:
    """A session with a meter that is particular about selections; rows hold their number, the newest the highest.

    Args:
        deviation: ``with`` or ``without``: how the ends of a range must be.
        zone_min: the deviation that its clock states.
        newest_first: whether it is sorted last in, first out.
        last_column: whether the last column of a selection by entry must be said.
    """

    def __init__(self, deviation="", *, zone_min=-0x8000, newest_first=False, last_column=False):
        self.deviation, self.zone_min = deviation, zone_min
        self.newest_first, self.last_column = newest_first, last_column
        self.ends = []

    def get(self, class_id, logical_name, attribute, selection=b""):
        yield from ()
        if class_id == 8:
            return Result(bytes.fromhex("07EA0B190306000000") + self.zone_min.to_bytes(2, signed=True) + b"\x00")
        if attribute == 5:
            return Result(2 if self.newest_first else 1)
        if attribute == 7:
            return Result(9)
        rows = [[number] for number in range(1, 10)]
        rows = rows[::-1] if self.newest_first else rows
        if selection[0] == 2:
            first, last = int.from_bytes(selection[4:8]), int.from_bytes(selection[9:13])
            assert 1 <= first <= last <= 9  # 0 kills this one
            if self.last_column and selection[-2:] == b"\x00\x00":
                return Result(None, 3)
            return Result(rows[first - 1 : last])
        at = selection.index(b"\x09\x0c") + 2
        self.ends = [selection[at : at + 12], selection[at + 14 : at + 26]]
        has = self.ends[0][9:11] != b"\x80\x00"
        return Result(rows) if has == (self.deviation == "with") else Result(None, 250)


NUMBERS = ProfileLayout(PROFILE, (ProfileColumn(1, "0.0.96.1.0.255", 2),), 900)


def values(rows):
    return [row[0].value for row in rows]


@pytest.mark.parametrize("deviation", ["with", "without"])
@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=-3))])
def test_a_range_that_is_refused_with_a_deviation_is_asked_without_one_and_the_other_way_round(deviation, zone):
    session = Choosy(deviation, zone_min=180)
    start, end = datetime(2026, 11, 25, 10, tzinfo=zone), datetime(2026, 11, 25, 11, tzinfo=zone)
    assert values(converse(by_range(session, NUMBERS, start, end, here=UTC), None)) == list(range(1, 10))
    local = bytes.fromhex("07EA0B19030A000000")  # 10 o'clock there, either way
    assert session.ends[0][:9] == local
    assert session.ends[0][9:11] == ((180).to_bytes(2) if deviation == "with" else b"\x80\x00")


def test_an_instant_becomes_the_meters_own_time_where_no_deviation_is_taken():
    session = Choosy("without", zone_min=-60)
    start, end = datetime(2026, 11, 25, 9, tzinfo=UTC), datetime(2026, 11, 25, 10, tzinfo=UTC)
    converse(by_range(session, NUMBERS, start, end, here=UTC), None)
    assert [end[5] for end in session.ends] == [10, 11]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("last_column", [False, True])
@pytest.mark.parametrize(("count", "expected"), [(2, [8, 9]), (9, list(range(1, 10))), (50, list(range(1, 10)))])
def test_the_last_entry_is_said_and_the_newest_rows_come_last(newest_first, last_column, count, expected):
    session = Choosy(newest_first=newest_first, last_column=last_column)
    assert values(converse(newest(session, NUMBERS, count), None)) == expected


# The bytes, against gurux.


def gurux_selection(make):
    client = GXDLMSClient(True, 1, 1, Authentication.NONE, None, InterfaceType.PDU)
    of = GXDLMSProfileGeneric(PROFILE)
    of.captureObjects.append((GXDLMSClock("0.0.1.0.0.255"), GXDLMSCaptureObject(2, 0)))
    of.sortObject = GXDLMSClock("0.0.1.0.0.255")
    of.sortAttributeIndex = 2
    request = bytes(make(client, of)[0])
    return request[request.index(bytes((1, 0, 99, 1, 0, 255, 2, 1))) + 8 :]


class Asked:
    """A session that notes the selection and answers with an empty buffer."""

    def get(self, class_id, logical_name, attribute, selection=b""):
        self.selection = selection
        return Result([])
        yield


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))])
def test_a_range_is_asked_for_in_the_bytes_that_gurux_would_send(zone):
    start, end = datetime(2026, 11, 24, 0, 0, tzinfo=zone), datetime(2026, 11, 25, 12, 15, 30, tzinfo=zone)
    asked = Asked()
    of = ProfileLayout(PROFILE, (ProfileColumn(8, "0.0.1.0.0.255", 2),), 900)
    assert converse(by_range(asked, of, start, end, here=UTC), None) == []
    theirs = gurux_selection(
        lambda client, profile: client.readRowsByRange(profile, GXDateTime(start), GXDateTime(end))
    )
    ours = bytearray(asked.selection)
    for time_at in (ours.index(b"\x09\x0c") + 2, ours.rindex(b"\x09\x0c") + 2):
        ours[time_at + 4] = 0xFF  # gurux leaves the day of the week open
    assert bytes(ours) == theirs


def test_entries_are_asked_for_in_the_bytes_that_gurux_would_send():
    asked = Asked()
    of = ProfileLayout(PROFILE, (ProfileColumn(8, "0.0.1.0.0.255", 2),), 900)
    converse(by_entry(asked, of, 5, 9), None)
    theirs = gurux_selection(lambda client, profile: client.readRowsByEntry(profile, 5, 5))
    assert asked.selection[:7] == theirs[:7]
    assert asked.selection[8:13] == b"\x06\x00\x00\x00\x09"


@pytest.mark.parametrize(
    ("when", "octets"),
    [
        (datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC), "07EA0B19030C1E0F00000000"),
        (datetime(2026, 11, 25, 12, 30, 15, tzinfo=timezone(timedelta(hours=1))), "07EA0B19030C1E0F00FFC400"),
        (datetime(2026, 11, 25, 12, 30, 15), "07EA0B19030C1E0F008000FF"),  # noqa: DTZ001 - the meter's own time
    ],
)
def test_a_time_is_written_with_its_deviation_or_leaves_it_to_the_meter(when, octets):
    assert date_time(when) == bytes.fromhex(octets)


# Odd buffers.

CLOCK = bytes.fromhex("07EA0B19030C0000FF000000")
OF = ProfileLayout(
    PROFILE, (ProfileColumn(8, "0.0.1.0.0.255", 2), ProfileColumn(3, "1.0.1.8.0.255", 2, 0, -2, "Wh")), 900
)


def test_null_data_stands_for_the_next_period_and_the_same_value():
    rows = profile_generic._rows([[CLOCK, 12345], [None, 12350], [None, None]], OF)
    assert [row[0].value for row in rows] == [
        "2026-11-25T12:00:00+00:00",
        "2026-11-25T12:15:00+00:00",
        "2026-11-25T12:30:00+00:00",
    ]
    assert [row[1].value for row in rows] == [123.45, 123.5, 123.5]
    assert rows[2][1].quality == "not sent: as before"


def test_null_data_in_the_first_row_is_no_value():
    [[clock, value]] = profile_generic._rows([[None, None]], OF)
    assert (clock.value, value.value) == (None, None)


@pytest.mark.parametrize("buffer", [None, 5, [5], [[CLOCK]], [[CLOCK, 1, 2]]])
def test_a_buffer_of_another_shape_is_refused(buffer):
    with pytest.raises(DecodeError):
        profile_generic._rows(buffer, OF)
