"""COSEM dates and times as ISO 8601 text, with what is to be said against them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.dates import INVALID, NO_DEVIATION, PARTLY, WRONG_WEEKDAY, is_unmistakable, iso


def octets(text):
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("stated", "text", "quality"),
    [
        ("07EA0B19030C1E0F00FFC400", "2026-11-25T12:30:15+01:00", ""),  # an hour east: -60
        ("07EA0B19030C1E0F2101A480", "2026-11-25T12:30:15.33-07:00", ""),  # west, daylight saving
        ("07EA0B19FF0C1E0FFF0000FF", "2026-11-25T12:30:15+00:00", ""),  # neither weekday, hundredths nor status
        ("07EA0B19000C1E0F00FF4C00", "2026-11-25T12:30:15+03:00", ""),  # 0 for an open weekday
        ("07EA0B19030C1E0F00FD1200", "2026-11-25T12:30:15+12:30", ""),
        ("07EA0B19030C1E0F00800000", "2026-11-25T12:30:15", NO_DEVIATION),
        ("07EA0B19030C1E0F00000001", "2026-11-25T12:30:15+00:00", INVALID),
        ("07EA0B19030C1E0F00000002", "2026-11-25T12:30:15+00:00", "clock doubtful"),
        ("07EA0B19030C1E0F0000000C", "2026-11-25T12:30:15+00:00", "different clock base, invalid clock status"),
        ("07EA0B19030C1EFFFF000000", "2026-11-25T12:30+00:00", PARTLY),
        ("07EA0B1903FFFFFFFF800000", "2026-11-25", PARTLY),
        ("FFFFFFFFFF0C1E0000000000", "12:30:00+00:00", PARTLY),
        ("FFFF0319FF02000000FFC400", "--03-25T02:00:00+01:00", PARTLY),
        ("FFFF03FE0702000000FFC400", "--03T02:00:00+01:00", f"last day of the month, {PARTLY}, weekday 7"),
        ("07EA0B19010C1E0F00000000", "2026-11-25T12:30:15+00:00", WRONG_WEEKDAY),
        ("07EA0B19030C1E0F0007D000", "2026-11-25T12:30:15", "deviation makes no sense"),
        ("07EA0B1903", "2026-11-25", ""),
        ("07EAFFFFFF", "2026", PARTLY),
        ("07EA0BFFFF", "2026-11", PARTLY),
        ("07EAFF19FF", "2026--25", PARTLY),
        ("FFFFFF19FF", "---25", PARTLY),
        ("FFFF0B1903", "--11-25", f"{PARTLY}, weekday 3"),
        ("0C1E0F21", "12:30:15.33", ""),
        ("FF1E0FFF", "-:30:15", PARTLY),
        ("0CFFFFFF", "12", PARTLY),
    ],
)
def test_as_much_as_is_specified_becomes_iso_text(stated, text, quality):
    assert iso(octets(stated)) == (text, quality)


@pytest.mark.parametrize(
    "stated",
    [
        "FFFFFFFFFFFFFFFFFF8000FF",  # nothing specified
        "000000000000000000000000",
        "07EA0D19030C1E0F00000000",  # month 13
        "07EA021EFF0C1E0F00000000",  # the 30th of February
        "07EA0B1903181E0F00000000",  # hour 24
        "07EA0B19030C3C0F00000000",  # minute 60
        "FFFFFFFFFF",
        "FFFFFFFF",
        "07EA0B",
        "",
    ],
)
def test_what_is_no_date_is_left_as_it_came(stated):
    assert iso(octets(stated)) is None


ZONES = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=ZONES))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_every_whole_date_time_is_the_same_moment_in_iso(moment):
    moment = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)
    east_min = round(moment.utcoffset().total_seconds() / 60)
    stated = moment.year.to_bytes(2) + bytes((moment.month, moment.day, moment.isoweekday()))
    stated += bytes((moment.hour, moment.minute, moment.second, moment.microsecond // 10_000))
    stated += (-east_min).to_bytes(2, signed=True) + b"\0"
    text, quality = iso(stated)
    read = datetime.fromisoformat(text)
    assert (read, read.utcoffset(), quality) == (moment, moment.utcoffset(), "")


@given(st.one_of(st.binary(min_size=12, max_size=12), st.binary(max_size=13)))
def test_no_octets_raise_and_none_give_an_empty_text(stated):
    said = iso(stated)
    assert said is None or said[0]
    assert not is_unmistakable(stated) or said is not None


@pytest.mark.parametrize(
    "stated",
    ["07EA0B19030C1E0F00FFC400", "07EA0B19FF0C1EFFFF8000FF", "07EA0B19030C1E0F00000083"],
)
def test_a_whole_date_time_of_our_time_is_known_by_itself(stated):
    assert is_unmistakable(octets(stated))


@pytest.mark.parametrize(
    "stated",
    [
        b"MST000170001".hex(),
        "000000000000000000000000",
        "FFFFFFFFFFFFFFFFFF8000FF",
        "07EA0B19010C1E0F00000000",  # the wrong day of the week
        "07EA0B19030C1E0F00000040",  # reserved status bits
        "07EA0B19030C1E0F0007D000",  # a deviation of 2000 minutes
        "07EA0BFE030C1E0F00000000",
        "07EAFF19030C1E0F00000000",
        "08340B19FF0C1E0F00000000",  # the year 2100
        "07EA0B1903",
    ],
)
def test_a_serial_number_is_not_taken_for_a_date(stated):
    assert not is_unmistakable(octets(stated))


def test_a_clock_at_the_epoch_of_our_time_is_a_date():
    assert iso(octets("07B20101FF00000000000000")) == (datetime(1970, 1, 1, tzinfo=UTC).isoformat(), "")
