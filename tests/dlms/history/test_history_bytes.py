"""Buffers and selections byte by byte, written by hand from IEC 62056-6-2: no encoder of ours or gurux's.

The layout is that of a ZMG405's load profile: clock, status, two energies; its clock states no deviation (8000).
"""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from bridge.dlms.axdr import decode
from bridge.dlms.history import HistoryLayout, MeterZone
from bridge.dlms.history.ranges import AskedRange
from bridge.dlms.history.rows import rows_of
from bridge.dlms.history.stamps import LocalTime
from bridge.dlms.load_profile import ProfileColumn
from bridge.errors import ValueUnreadableError

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
CLOCK, STATUS = ProfileColumn(8, "0.0.1.0.0.255", 2), ProfileColumn(1, "0.0.96.10.1.255", 2)
UNIX = ProfileColumn(1, "0.0.1.1.0.255", 2)
ENERGY = ProfileColumn(3, "1.0.1.8.0.255", 2, 0, -1, "Wh")


def layout(*columns, zone=None, period_s=900, sort_method=1):
    columns = columns or (CLOCK, STATUS, ENERGY)
    clock = next(n for n, column in enumerate(columns) if column in (CLOCK, UNIX))
    status = columns.index(STATUS) if STATUS in columns else None
    return HistoryLayout("1.0.99.1.0.255", columns, period_s, clock, status, sort_method, zone=zone or MeterZone())


def buffer(*rows):
    """Return the value of attribute 2: an array of rows, each written in hex."""
    return decode(bytes((1, len(rows))) + b"".join(bytes.fromhex(row) for row in rows))


def read(of, *rows, here=UTC):
    return rows_of(buffer(*rows), of, here)


def at(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


# 090C: octet-string of twelve. 07EA 0A 19 07: Sunday, 25 October 2026. 11: unsigned. 06: double-long-unsigned.
def row(clock, status="1100", energy="06000003E8"):
    return f"0203 {clock} {status} {energy}"


def local(hhmmss, deviation="8000", status="00", day="07EA0A1907"):
    return f"090C {day} {hhmmss} FF {deviation} {status}"


# 2: the status.


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        ("1184", 0x84),  # unsigned: power down, data not valid
        ("120084", 0x84),  # long-unsigned
        ("0600000084", 0x84),
        ("090184", 0x84),  # octet-string
        ("04 08 21", 0x84),  # bit-string of eight, its first bit is bit 0: 0010 0001
        ("02 02 1184 1100", 0x84),  # a structure that begins with it
        ("00", None),
    ],
)
def test_a_status_in_each_type_in_which_it_is_sent(octets, status):
    [found] = read(layout(), row(local("0A0000", "0000"), octets)).rows
    assert found.status == status


# 3: a clock set back.


def test_two_rows_of_one_time_are_both_there_the_first_captured_first():
    rows = read(
        layout(),
        row(local("0A0000", "0000"), energy="0600000064"),
        row(local("0A0F00", "0000"), energy="0600000065"),
        row(local("0A0000", "0000"), "1120", "0600000066"),
        row(local("0A0F00", "0000"), "1100", "0600000067"),
    ).rows
    assert [(one.end_ms, one.cells[2].value) for one in rows] == [
        (at("2026-10-25T10:00Z"), 10.0),
        (at("2026-10-25T10:00Z"), 10.2),
        (at("2026-10-25T10:15Z"), 10.1),
        (at("2026-10-25T10:15Z"), 10.3),
    ]
    assert rows[1].status == 0x20


# 4: daylight saving, counted in UTC. In Berlin 02:30 comes twice on this day: at 00:30 and at 01:30 UTC.


def test_the_deviation_tells_the_two_passes_of_an_hour_apart():
    rows = read(layout(), row(local("021E00", "FF88", "80")), row(local("021E00", "FFC4", "00"))).rows
    assert [one.end_ms for one in rows] == [at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z")]


def test_the_clocks_own_bit_tells_them_apart():
    rows = read(layout(), row(local("021E00", status="80")), row(local("021E00", status="00")), here=BERLIN).rows
    assert [one.end_ms for one in rows] == [at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z")]


def test_bit_3_of_the_profiles_status_tells_them_apart():
    zone = MeterZone(found_min=60)  # found in November, where the bridge's own zone says nothing
    rows = read(layout(zone=zone), row(local("021E00", status="FF"), "1108"), row(local("021E00", status="FF"))).rows
    assert [one.end_ms for one in rows] == [at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z")]


def test_the_order_of_the_rows_tells_them_apart():
    rows = read(
        layout(), *(row(local(time, status="FF")) for time in ("021E00", "022D00", "021E00", "022D00")), here=BERLIN
    ).rows
    assert [one.end_ms for one in rows] == [
        at("2026-10-25T00:30Z"), at("2026-10-25T00:45Z"), at("2026-10-25T01:30Z"), at("2026-10-25T01:45Z"),
    ]  # fmt: skip


def test_newest_first_they_are_told_apart_all_the_same():
    of = layout(sort_method=2)
    rows = read(
        of,
        row(local("021E00", status="FF")),
        row(local("022D00", status="FF")),
        row(local("021E00", status="FF")),
        here=BERLIN,
    ).rows
    assert [one.end_ms for one in rows] == [at("2026-10-25T00:30Z"), at("2026-10-25T00:45Z"), at("2026-10-25T01:30Z")]


def test_a_meter_in_another_zone_than_the_bridge_is_believed_its_deviation():
    zone = MeterZone(deviation_min=300)  # New York in winter, by the clock; its rows state none
    july = local("0C0000", status="FF", day="07EA070F03")
    [found] = read(layout(zone=zone), row(july), here=BERLIN).rows
    assert found.end_ms == at("2026-07-15T17:00Z"), "no word of daylight saving, and not this zone's rules"
    [found] = read(layout(zone=zone), row(july), here=NEW_YORK).rows
    assert found.end_ms == at("2026-07-15T16:00Z"), "its offset is one of this zone's: it goes by its rules"


# 5: an inverted sign.


def test_an_inverted_deviation_leads_the_other_way():
    rows = read(layout(zone=MeterZone(60, is_inverted=True)), row(local("0A0000", "003C"))).rows
    assert rows[0].end_ms == at("2026-10-25T09:00Z")


# 7: null-data.


def test_no_time_is_one_period_later_and_no_value_the_same_one():
    rows = read(layout(), row(local("173B00", "0000")), "0203 00 00 0600000BB8", "0203 00 1180 00").rows
    assert [(one.end_ms, one.is_recovered, one.status, one.cells[2].value) for one in rows] == [
        (at("2026-10-25T23:59Z"), False, 0, 100.0),
        (at("2026-10-26T00:14Z"), True, 0, 300.0),
        (at("2026-10-26T00:29Z"), True, 0x80, 300.0),
    ]
    assert rows[1].cells[0].value == "2026-10-26T00:14:00+00:00"
    assert rows[2].cells[2].quality == "not sent: as before"


def test_an_answer_that_begins_in_the_middle_is_dated_back_from_the_first_time_in_it():
    found = read(layout(), "0203 00 00 0600000BB8", "0203 00 1100 00", row(local("000000", "0000", day="07EA0A1A01")))
    assert [one.end_ms for one in found.rows] == [at(f"2026-10-25T23:{minute}Z") for minute in (30, 45)] + [
        at("2026-10-26T00:00Z")
    ]
    assert found.is_headless
    assert found.rows[0].status is None


def test_rows_without_any_time_are_counted_and_not_guessed():
    found = read(layout(period_s=0), "0203 00 1100 0600000BB8", row(local("0A0000", "0000")))
    assert ([one.end_ms for one in found.rows], found.undated) == ([at("2026-10-25T10:00Z")], 1)


# 8: the clock.


def test_unix_time_in_the_last_column():
    of = layout(STATUS, ENERGY, UNIX)
    [found] = read(of, "0203 1100 06000003E8 06 6AE42B70").rows
    assert found.end_ms == 0x6AE42B70 * 1000
    assert of.is_unix


def test_the_end_of_a_day_as_24_00_and_open_seconds():
    [found] = read(layout(), row(local("1800FF", "0000"))).rows
    assert found.end_ms == at("2026-10-26T00:00Z")


def test_a_clock_that_distrusts_itself_is_said():
    [found] = read(layout(), row(local("0A0000", "0000", "01"))).rows
    assert found.doubt == "clock invalid"


@pytest.mark.parametrize(
    "octets",
    ["09 0C FFFF FF FF FF FF FF FF FF 8000 FF", "09 00", "09 0C 07EA 0D 19 07 0A 00 00 FF 0000 00", "0600000000"],
)
def test_what_is_no_time_is_not_made_one(octets):
    found = read(layout(), row(octets))
    assert (found.rows, found.undated) == ([], 1)


@pytest.mark.parametrize("octets", ["0100", "00"])
def test_nothing_is_an_empty_array_or_null_data(octets):
    assert rows_of(decode(bytes.fromhex(octets)), layout(), UTC).rows == []


@pytest.mark.parametrize("octets", ["1105", "01 01 0202 1100 1100", "01 01 1105"])
def test_another_shape_is_refused_and_leaves_the_association(octets):
    with pytest.raises(ValueUnreadableError):
        rows_of(decode(bytes.fromhex(octets)), layout(), UTC)


# 5, 6, 8: the question. 10:00 to 11:00 UTC, with a period more on either side.

HEAD = "01 0204 0204 120008 0906 0000010000FF 0F02 120000"
FROM, TO = at("2026-10-25T10:00Z"), at("2026-10-25T11:00Z")


def asked(of, ends, *, whole_hours=False, here=UTC, lead_s=0, span=(FROM, TO)):
    made = AskedRange(of, *span, ends=ends, whole_hours=whole_hours, lead_s=lead_s, here=here).selection()
    return made.hex().upper()


def selection(*ends, head=HEAD):
    return (head + "".join(ends) + "0100").replace(" ", "")


def test_a_range_in_utc():
    octets = [f"090C 07EA0A1907 {time} 00 0000 00" for time in ("092D00", "0B0F00")]
    assert asked(layout(), "utc") == selection(*octets)


def test_a_range_in_the_meters_time_with_the_deviation_that_it_states():
    octets = [f"090C 07EA0A1907 {time} 00 FFC4 00" for time in ("0A2D00", "0C0F00")]
    assert asked(layout(zone=MeterZone(-60)), "stated") == selection(*octets)


def test_a_range_with_an_inverted_deviation():
    octets = [f"090C 07EA0A1907 {time} 00 003C 00" for time in ("0A2D00", "0C0F00")]
    assert asked(layout(zone=MeterZone(60, is_inverted=True)), "stated") == selection(*octets)


def test_a_range_without_a_deviation_is_in_the_zone_of_this_place():
    octets = [f"090C 07EA0A1907 {time} 00 8000 FF" for time in ("0A2D00", "0C0F00")]
    assert asked(layout(), "local", here=BERLIN) == selection(*octets)


def test_around_the_hour_that_comes_twice_it_has_an_hour_more_on_either_side():
    octets = [f"090C 07EA0A1907 {time} 00 8000 FF" for time in ("010000", "040000")]  # 23:00 to 03:00 UTC
    span = (at("2026-10-25T00:00Z"), at("2026-10-25T02:00Z"))
    assert asked(layout(), "local", here=BERLIN, span=span) == selection(*octets)


def test_so_it_has_where_nobody_knows_the_rules():
    octets = [f"090C 07EA0A1907 {time} 00 8000 FF" for time in ("0A0000", "0D0000")]
    assert asked(layout(zone=MeterZone(found_min=60)), "local") == selection(*octets)


def test_a_range_in_whole_hours():
    octets = [f"090C 07EA0A1907 {time} 00 0000 00" for time in ("090000", "0C0000")]
    assert asked(layout(), "utc", whole_hours=True) == selection(*octets)


def test_a_range_of_unix_time_restricts_that_column():
    head = "01 0204 0204 120001 0906 0000010100FF 0F02 120000"
    octets = [f"06 {second:08X}" for second in (FROM // 1000 - 900, TO // 1000 + 900)]
    assert asked(layout(STATUS, ENERGY, UNIX), "unix") == selection(*octets, head=head)


def test_a_lead_begins_earlier():
    octets = ["090C 07EA0A1806 092D00 00 0000 00", "090C 07EA0A1907 0B0F00 00 0000 00"]
    assert asked(layout(), "utc", lead_s=86400) == selection(*octets)


def test_here_may_be_any_fixed_zone():
    [found] = read(layout(), row(local("0A0000")), here=timezone(timedelta(hours=-3))).rows
    assert found.end_ms == at("2026-10-25T13:00Z")


@pytest.mark.parametrize(
    ("zone", "here", "doubt"),
    [
        (MeterZone(found_min=60), UTC, "+60 min off UTC"),  # in summer, nobody knows
        (MeterZone(found_min=60), ZoneInfo("Europe/Berlin"), ""),
        (MeterZone(found_min=0), UTC, ""),
        (MeterZone(-60), UTC, ""),  # it says so itself
        (MeterZone(), UTC, ""),  # it could not be compared
    ],
)
def test_a_zone_that_nobody_knows_is_said(zone, here, doubt):
    said = LocalTime(zone, here).doubt
    assert (doubt in said) if doubt else not said
