"""Whatever a meter sends as a buffer: refused, or every row of it is there once, dated and in order, or counted."""

from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.history import HistoryLayout, MeterZone
from bridge.dlms.history.rows import rows_of
from bridge.dlms.load_profile import ProfileColumn
from bridge.errors import ValueUnreadableError

COLUMNS = (
    ProfileColumn(8, "0.0.1.0.0.255", 2),
    ProfileColumn(1, "0.0.96.10.1.255", 2),
    ProfileColumn(3, "1.0.1.8.0.255", 2),
)

octets = st.binary(max_size=14)
clocks = st.builds(
    lambda day, hour, minute, deviation, status: (
        bytes((0x07, 0xEA, 10, day, 0xFF, hour, minute, 0, 0xFF)) + deviation + bytes((status,))
    ),
    st.integers(1, 31), st.integers(0, 24), st.sampled_from((0, 15, 30, 45)),
    st.sampled_from((b"\x00\x00", b"\xff\xc4", b"\xff\x88", b"\x80\x00", b"\x7f\xff")),
    st.sampled_from((0, 0x80, 0x01, 0xFF)),
)  # fmt: skip
cells = st.one_of(st.none(), st.integers(-5, 2**32), octets, clocks, st.booleans(), st.text(max_size=3))
rows = st.lists(
    st.one_of(st.tuples(st.one_of(st.none(), clocks), cells, cells), st.lists(cells, max_size=4)), max_size=12
)
zones = st.builds(
    MeterZone, st.sampled_from((None, 0, -60, 300)), st.booleans(), st.booleans(), st.sampled_from((None, 60))
)


@given(rows=rows, zone=zones, sort=st.integers(1, 6), period_s=st.sampled_from((0, 900)), berlin=st.booleans())
def test_no_row_is_lost_made_up_or_out_of_order(rows, zone, sort, period_s, berlin):
    layout = HistoryLayout("1.0.99.1.0.255", COLUMNS, period_s, 0, 1, sort, zone=zone)
    buffer = [list(row) for row in rows]
    try:
        found = rows_of(buffer, layout, ZoneInfo("Europe/Berlin") if berlin else UTC)
    except ValueUnreadableError:
        assert any(len(row) != len(COLUMNS) for row in buffer)
        return
    assert len(found.rows) + found.undated == len(buffer)
    stamps = [row.end_ms for row in found.rows]
    assert stamps == sorted(stamps)
    assert all(len(row.cells) == len(COLUMNS) for row in found.rows)
    # Unix seconds are taken for a time in a column of the clock, too.
    told = sum(isinstance(row[0], bytes | int) and not isinstance(row[0], bool) for row in buffer)
    assert sum(not row.is_recovered for row in found.rows) <= told
