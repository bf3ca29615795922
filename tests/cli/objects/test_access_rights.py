"""Access rights as object lists state them: up to version 2 of the association a number, from 3 on a bit field."""

import pytest

from bridge.cli.objects.access_rights import AccessRights, access_rights


def test_modes_are_numbers_up_to_version_2():
    stated = [[[n, mode, None] for n, mode in enumerate((0, 1, 2, 3, 4, 5, 6), 1)], [[1, True], [2, False], [3, 2]]]
    assert access_rights(stated, 1) == AccessRights((2, 4, 5, 7), (3, 4, 6, 7), (1, 3))


def test_modes_are_bits_from_version_3_on():
    stated = [[[1, 0x01, None], [2, 0x07, None], [3, 0x02, None], [4, 0x00, None], [5, 0x25, None]], [[1, 0x05]]]
    assert access_rights(stated, 3) == AccessRights((1, 2, 5), (2, 3), (1,))


def test_a_mode_that_no_number_is_must_be_bits():
    assert access_rights([[[1, 0x05, None], [2, 0x0D, None]], []], 0) == AccessRights((1, 2), (), ())


def test_they_are_written_short():
    assert str(AccessRights((1, 2, 3, 7), (4,), (1,))) == "r 1-3,7 w 4 m 1"
    assert str(AccessRights()) == "-"


@pytest.mark.parametrize("stated", [None, [], 5, [[1], []], [[[1, 2]], None], [["x"], []], [[], [], []]])
def test_what_makes_no_sense_is_none(stated):
    assert access_rights(stated, 0) is None
