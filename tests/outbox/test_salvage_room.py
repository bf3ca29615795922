"""What salvage may take of the disk: damaged files are bounded, and a full disk leaves all as it is."""

from __future__ import annotations

import os

import pytest

from bridge.errors import DiskError
from bridge.outbox.salvage import KEPT_FILES, salvage, set_aside_files
from tests.outbox.cut_short import opened
from tests.outbox.holes import holed, left
from tests.outbox.test_store import MB


def test_damaged_files_are_bounded_in_number_and_the_newest_are_kept(tmp_path):
    path = tmp_path / "o.db"
    for number in range(6):
        path.write_bytes(b"junk" * 5000)
        salvage(path, max_bytes=MB, now_s=number)

    names = [one.name for one in set_aside_files(path)]
    assert names == [f"o.corrupt-19700101T00000{number}Z" for number in range(6 - KEPT_FILES, 6)]


def test_damaged_files_are_bounded_in_bytes(tmp_path):
    path = tmp_path / "o.db"
    for number in range(3):
        path.write_bytes(b"junk" * 150_000)
        salvage(path, max_bytes=MB, now_s=number)

    assert len(set_aside_files(path)) == 1


@pytest.fixture
def small_disk(disk_of):
    """A file system of 3 MB."""
    return disk_of("3m")


def test_a_full_disk_leaves_the_damaged_file_as_it_is_until_there_is_room(small_disk):
    path = small_disk / "o.db"
    readable = holed(path)
    before = path.read_bytes()
    found = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(found.f_bavail * found.f_frsize - 8192))

    for _ in range(3):
        with pytest.raises(DiskError, match="are free") as caught:
            opened(path)
        assert "nothing in it need be removed" in caught.value.hint
        assert path.read_bytes() == before
        assert not list(small_disk.glob("*salvage*"))

    (small_disk / "ballast").unlink()
    assert left(path) == readable


def test_room_that_is_used_up_meanwhile_ends_salvage_without_a_trace(small_disk, monkeypatch):
    path = small_disk / "o.db"
    readable = holed(path, 40)
    (small_disk / "ballast").write_bytes(bytes(3_000_000 - path.stat().st_size))
    with monkeypatch.context() as measured:
        measured.setattr("bridge.outbox.salvage._free", lambda _: 10**9)
        with pytest.raises(DiskError, match="full"):
            opened(path)
    assert not list(small_disk.glob("*salvage*"))
    (small_disk / "ballast").unlink()
    assert left(path) == readable


def test_older_damaged_files_make_room_for_a_salvage(small_disk):
    path = small_disk / "o.db"
    readable = holed(path, 40)
    aside = small_disk / "o.corrupt-19691231T000000Z"
    aside.write_bytes(bytes(3_000_000 - path.stat().st_size))

    assert left(path) == readable
    assert aside not in set_aside_files(path)
