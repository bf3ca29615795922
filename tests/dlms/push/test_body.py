"""Which value is whose in a pushed body: of every shape that there is, and nothing where nobody can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.push import Notification, names_in, pushed_body
from bridge.dlms.xdlms import Attribute

ENERGY, POWER, NAME, SETUP, CLOCK = (
    bytes.fromhex(code) for code in ("0100010800ff", "0100010700ff", "00002a0000ff", "0000190900ff", "0000010000ff")
)
TIME = bytes.fromhex("07ea0b1a0417050700003c00")
COLUMNS = (Attribute(8, CLOCK, 2), Attribute(3, ENERGY, 2), Attribute(3, POWER, 2))


def body_of(raw, columns=()):
    return pushed_body(Notification("data", b"", None, "none", 0, b"", None, raw), columns)


def values(raw, columns=()):
    return [(one.logical_name, one.value, one.class_id, one.scaler) for one in body_of(raw, columns).values]


def listed(*entries):
    return [[class_id, name, attribute, index] for class_id, name, attribute, index in entries]


E, P = "1.0.1.8.0.255", "1.0.1.7.0.255"


def test_an_object_list_may_list_itself_or_not():
    itself, objects = (40, SETUP, 2, 0), ((3, ENERGY, 2, 0), (3, POWER, 2, 0))
    expected = [(E, 7, 3, None), (P, 8, 3, None)]
    assert values([listed(itself, *objects), 7, 8]) == expected
    assert values([listed(*objects), 7, 8]) == expected
    assert values([[listed(itself, *objects), 7, 8]]) == expected  # in one structure more
    assert body_of([listed(itself, *objects), 7, 8]).setup == "0.0.25.9.0.255"


def test_an_object_list_that_does_not_match_names_nothing_and_its_own_numbers_are_no_values():
    objects = listed((3, ENERGY, 2, 0), (3, POWER, 2, 0))
    for rest in ([7], [7, 8, 9], [[7, 8]]):
        body = body_of([objects, *rest])
        assert (body.values, body.rows, body.unnamed) == ((), (), tuple(rest))
    assert body_of(objects).values == ()
    assert len(body_of(objects).objects) == 2
    assert body_of(["E001", objects]).values == ()
    assert body_of([7, [objects, 8]]).values == ()


def test_an_object_lists_data_index_goes_with_its_value():
    [value] = body_of([listed((7, ENERGY, 2, 1)), [1, 2]]).values
    assert (value.class_id, value.data_index, value.value) == (7, 1, [1, 2])


def test_pairs_may_stand_flat_or_each_in_a_structure_with_and_without_scaler_and_unit():
    assert values([ENERGY, 7, POWER, 8]) == [(E, 7, 0, None), (P, 8, 0, None)]
    assert values([[ENERGY, 7], [POWER, 8]]) == [(E, 7, 0, None), (P, 8, 0, None)]
    assert values([ENERGY, 7, [-1, 30], POWER, 8, [2, 27]]) == [(E, 7, 3, -1), (P, 8, 3, 2)]
    assert values([[ENERGY, 7, [-1, 30]], [POWER, 8, [2, 27]]]) == [(E, 7, 3, -1), (P, 8, 3, 2)]
    assert values([[[ENERGY, 7, [-1, 30]]]]) == [(E, 7, 3, -1)]
    assert values(["text", TIME, ENERGY, 7]) == [(E, 7, 0, None)]
    assert body_of(["text", TIME, ENERGY, 7]).unnamed == ("text", TIME)


def test_attributes_come_with_class_and_number():
    assert values([[3, ENERGY, 2, 7], [8, CLOCK, 2, TIME]]) == [(E, 7, 3, None), ("0.0.1.0.0.255", TIME, 8, None)]
    assert values([[3, ENERGY, 2, 7, [-1, 30]]]) == [(E, 7, 3, -1)]
    assert values([3, ENERGY, 2, 7]) == values([[3, ENERGY, 2, 7]]) == [(E, 7, 3, None)]  # and not 2
    [value] = body_of([[7, ENERGY, 2, 1, "row"], [8, CLOCK, 2, 0, TIME]]).values[:1]
    assert (value.data_index, value.value) == (1, "row")


def test_a_scaler_pushed_beside_the_value_belongs_to_that_object_alone():
    entries = ((3, ENERGY, 2, 0), (3, ENERGY, 3, 0), (3, POWER, 2, 0))
    told = values([listed(*entries), 7, [-1, 30], 8])
    assert told == [(E, 7, 3, -1), (E, [-1, 30], 3, None), (P, 8, 3, None)]


def test_values_alone_need_their_order():
    raw = [TIME, 7, 8]
    body = body_of(raw)
    assert (body.values, body.rows, body.unnamed) == ((), (), tuple(raw))
    assert values(raw, COLUMNS) == [("0.0.1.0.0.255", TIME, 8, None), (E, 7, 3, None), (P, 8, 3, None)]
    for other in ([TIME, 7], [TIME, 7, 8, 9]):
        assert body_of(other, COLUMNS).unnamed == tuple(other)


def test_a_body_that_names_its_values_is_believed_before_an_order():
    columns = COLUMNS[:2]
    assert values([ENERGY, 7], columns) == [(E, 7, 0, None)]
    with_setup = (Attribute(40, SETUP, 1), Attribute(3, ENERGY, 2))
    assert values([SETUP, 7], with_setup) == [("0.0.25.9.0.255", SETUP, 40, None), (E, 7, 3, None)]
    assert body_of([SETUP, b"56552773", 7]).values == ()  # a push setup's name is no name of the value behind it


@pytest.mark.parametrize("wrapped", [False, True])
def test_rows_are_several_sets_of_values(wrapped):
    rows = [[TIME, 7, 8], [TIME, 9, 10]]
    body = body_of([rows] if wrapped else rows, COLUMNS)
    assert [[value.value for value in row] for row in body.rows] == rows
    assert (body.values, body.unnamed) == ((), ())
    assert body_of(rows).unnamed != ()


def test_the_likeliest_name_comes_first():
    pairs = ["text", bytes.fromhex("0000600100ff"), b"SERIAL", NAME, b"DEVICE", bytes.fromhex("0101000005ff"), "5706"]
    assert names_in(body_of(pairs)) == ("DEVICE", "SERIAL", "5706", "text")
    assert names_in(body_of([NAME, b"\x00\x01\x02"])) == ()
    assert names_in(body_of(["x" * 65, b"", 7, None])) == ()
    assert names_in(body_of(b"E0031")) == ("E0031",)


raws = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 300) | st.text(max_size=3) | st.binary(max_size=13)
    | st.sampled_from([ENERGY, POWER, SETUP, CLOCK, NAME, TIME]),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


def leaves(raw):
    return [leaf for part in raw for leaf in leaves(part)] if isinstance(raw, list) else [raw]


@given(raws, st.booleans())
def test_whatever_a_body_is_no_value_is_made_up(raw, has_columns):
    body = body_of(raw, COLUMNS if has_columns else ())
    there = leaves(raw)
    for value in (*body.values, *(value for row in body.rows for value in row)):
        assert all(leaf in there for leaf in leaves(value.value))
        assert len(value.logical_name.split(".")) == 6
        assert value.scaler is None or value.scaler in there
