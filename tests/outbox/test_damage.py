"""The table of damage: whatever is done to the outbox's files, what is still in them is kept, and new samples go on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.fakes.programs import missing
from tests.outbox.damage import MORE, SAMPLES, table

GONE = {
    ("outbox.db", "gone", "all folded"): 0,
    ("outbox.db", "empty", "all folded"): 0,
    ("outbox.db", "cut", "all folded"): 0,  # the half with the samples in it
    ("outbox.db-wal", "gone", "all in the log"): 0,
    ("outbox.db-wal", "gone", "half folded"): SAMPLES // 2,
    ("outbox.db-wal", "empty", "all in the log"): 0,
    ("outbox.db-wal", "empty", "half folded"): SAMPLES // 2,
    ("outbox.db-wal", "cut", "all in the log"): 0,
    ("outbox.db-wal", "cut", "half folded"): SAMPLES // 2,
}
"""Where the bytes of samples were taken away: what is left of the hundred."""


@pytest.mark.timeout(240)
def test_what_is_still_in_the_files_is_kept_and_said_and_new_samples_go_on():
    if os.getuid():
        missing("only root can give files to another user and mount file systems")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        Path(folder).chmod(0o755)
        rows = table(Path(folder))
    for row in rows:
        print(*row, sep=" | ")
        left = GONE.get((row.file, row.damage, row.folded), SAMPLES)
        assert row.more == MORE, row  # new samples can be sent, whatever the disk does
        assert row.afterwards == left + MORE, row
        if row.damage in ("root's", "read-only"):
            assert "need be removed" in row.said, row
        else:
            assert row.sent == left, row
        if row.damage == "garbage" and row.said:
            assert "set aside" in row.said, row
    assert len(rows) == 33
