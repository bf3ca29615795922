"""Whose the data folder is: one process's, until it ends in whatever way."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from bridge.lease.folder_lock import FolderLock

TAKE = """
import sys, time
from pathlib import Path
from bridge.lease.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print(lock.take(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=sys.path[0] or None
    )
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_nobody_else_gets_it_while_it_is_held_and_anybody_after_a_kill(holder, tmp_path):
    lock = FolderLock(tmp_path)
    assert not lock.take()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.take()
    assert lock.take(), "it stays"
    other = FolderLock(tmp_path)
    assert not other.take()
    lock.give_back()
    assert other.take()
    other.give_back()


def test_who_holds_it_sees_that_another_wants_it(tmp_path):
    holder, wants = FolderLock(tmp_path), FolderLock(tmp_path)
    assert holder.take()
    assert not holder.is_wanted()
    wants.want()
    assert holder.is_wanted()
    wants.want_no_more()
    assert not holder.is_wanted()
    holder.give_back()


def test_a_disk_that_takes_no_file_keeps_nobody_from_working(tmp_path):
    (tmp_path / "file").write_text("")
    lock = FolderLock(tmp_path / "file")
    assert lock.take()
    lock.give_back()
