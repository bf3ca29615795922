"""A file that is damaged, taken away or emptied while the bridge runs: it is said, and the bridge goes on."""

from __future__ import annotations

import re

import pytest

from tests.outbox.conftest import running, sample, stamps, until


async def test_a_damaged_file_is_set_aside_with_a_line_in_the_log_and_the_bridge_goes_on(outbox_at, tmp_path, lines):
    (tmp_path / "outbox.db").write_bytes(b"no database at all" * 1000)

    async with running(outbox_at(tmp_path / "outbox.db")) as outbox:
        outbox.put(sample(7))
        await until(lambda: outbox.depth == 1)

    assert (tmp_path / "outbox.corrupt-20231114T221320Z").read_bytes().startswith(b"no database")
    assert any(
        re.match(r"ERROR outbox \| damaged .*set aside as outbox\.corrupt-.*0 samples carried", one) for one in lines
    )


async def test_damage_met_while_running_is_repaired_and_old_ids_confirm_what_they_did_before(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    async with running(outbox_at(path)) as outbox:
        heard = []
        for ts_ms in range(3000):
            outbox.put(sample(ts_ms)).then(heard.append)
        await until(lambda: outbox.depth == 3000)
        before = await outbox.fetch(limit=3000)
        await outbox._disk.read(lambda store: store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        pages = path.stat().st_size // 4096
        with path.open("r+b") as file:
            file.seek((pages - 4) * 4096)
            file.write(b"\xff" * 4096 * 2)
        await outbox._disk.read(lambda store: store._db.execute("PRAGMA shrink_memory"))

        after = await outbox.fetch(limit=3000)
        assert 2500 < len(after) < 3000
        assert {(row.id, row.ts_ms) for row in after} < {(row.id, row.ts_ms) for row in before}
        outbox.put(sample(9999))
        await until(lambda: outbox.depth == len(after) + 1)
        await until(lambda: heard)  # of those that damage took
        await outbox.confirm([row.id for row in before])
        assert await stamps(outbox) == [9999]
        lost = {row.id for row in before} - {row.id for row in after}
        assert {receipt.id for receipt in heard if receipt.state == "lost"} == lost
        assert {receipt.id for receipt in heard} == {row.id for row in before}, "nobody waits for ever"


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_taken_away_while_it_is_in_use_is_put_back(outbox_at, tmp_path, lines, replaced):
    """It would work on without a name, and a restart would find nothing."""
    path = tmp_path / "o.db"
    outbox = outbox_at(path)
    async with running(outbox):
        for ts_ms in range(500):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 500)
        path.unlink()
        if replaced:
            path.write_bytes(b"another file")
        outbox.put(sample(500))
        await until(lambda: outbox.depth == 501)
        assert any("was removed or replaced while in use" in line for line in lines)
        if replaced:
            [aside] = [one for one in tmp_path.glob("o.corrupt-*") if not one.name.endswith("-wal")]
            assert aside.read_bytes() == b"another file"
    await outbox.close()

    async with running(outbox_at(path)) as again:
        assert await stamps(again) == list(range(501))


async def test_a_file_that_lost_everything_is_said_to_have(outbox_at, tmp_path, lines):
    (tmp_path / "o.db").touch()
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    assert any("samples that were waiting in it are gone" in line for line in lines)
    lines.clear()
    fresh = outbox_at(tmp_path / "fresh.db")
    await fresh.open()
    assert lines == []
