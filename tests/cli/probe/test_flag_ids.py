"""The makers of meters by the letters of their logical device names."""

import pytest

from bridge.cli.probe.flag_ids import _MAKERS, flag_id, maker


@pytest.mark.parametrize(
    ("name", "letters", "who"),
    [
        ("LGZ1030724587", "LGZ", "Landis+Gyr, Switzerland"),
        ("kfm0123456789012", "KFM", "Shenzhen Kaifa Technology, China"),
        ("ISK5ME382-1003", "ISK", "Iskraemeco, Slovenia"),
        ("GRX0000000012345", "GRX", "Gurux, Finland"),
    ],
)
def test_a_maker_is_known_by_the_first_three_letters(name, letters, who):
    assert (flag_id(name), maker(flag_id(name))) == (letters, who)


def test_no_name_is_made_up_for_an_unknown_id():
    assert (flag_id("QQQ123"), maker("QQQ")) == ("QQQ", "")


@pytest.mark.parametrize("name", ["", "12", "1AB22", "\x00\x01\x02", "4C475A", "AÉB1"])
def test_a_name_that_begins_with_no_letters_has_no_id(name):
    assert flag_id(name) == ""
    assert maker(flag_id(name)) == ""


def test_every_id_of_the_table_is_one():
    assert all(flag_id(letters) == letters and who for letters, who in _MAKERS.items())
