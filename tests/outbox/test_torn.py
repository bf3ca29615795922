"""A fair tear costs no committed sample, whatever it hits."""

from __future__ import annotations

import random
import shutil
from collections import Counter

import pytest

from bridge.outbox.store import Store
from tests.outbox.torn import committed, tear

BODY = '{"voltage_l1":127.4,"active_energy":56348}'


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """Files as a kill leaves them: a log that has begun again over its first round, and an outbox half emptied."""
    folder = tmp_path_factory.mktemp("crashed")
    store = Store(folder / "o.db", max_bytes=2_000_000)
    for number in range(170):
        store.append([(20 * number + n + 1, "main", 20 * number + n, BODY, "main") for n in range(20)])
    store.delete(range(1, 1401))
    (folder / "copy").mkdir()
    for name in ("o.db", "o.db-wal"):
        shutil.copy(folder / name, folder / "copy" / name)
    store.close()
    return folder / "copy"


def test_the_end_of_the_last_commit_is_found_and_stale_frames_are_behind_it(crashed):
    raw = (crashed / "o.db-wal").read_bytes()
    end, page_bytes, pages = committed(raw)
    assert page_bytes == 4096
    assert 32 < end < len(raw)
    assert pages


def test_no_committed_sample_is_lost_by_any_tear(crashed, tmp_path):
    kinds = Counter()
    rng = random.Random(1)
    for number in range(40):
        folder = tmp_path / str(number)
        shutil.copytree(crashed, folder)
        kinds[tear(folder / "o.db", rng)] += 1
        store = Store(folder / "o.db", max_bytes=2_000_000)
        assert [row.ts_ms for row in store.fetch(after=0, upto=None, limit=10_000)] == list(range(1400, 3400))
        store.close()
    assert set(kinds) == {"cut", "zero", "overwrite", "garbage", "page"}
