"""Starts are counted, and a count that cannot be kept stops nothing."""

import pytest

from bridge.health.restart_count import count_start


def test_each_start_counts_one_more(tmp_path):
    assert [count_start(tmp_path / "data") for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("garbage", [b"", b"seven", b"\xff\xfe", b"-5"])
def test_a_count_that_cannot_be_read_begins_anew(tmp_path, garbage):
    (tmp_path / "starts").write_bytes(garbage)
    assert [count_start(tmp_path), count_start(tmp_path)] == [0, 1]


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path):
    (tmp_path / "data").write_text("a file")
    assert count_start(tmp_path / "data") == 0
