"""Data that older bridges left behind while samples waited, each written by that bridge itself (``record.py``).

This one takes it over: every sample arrives under its device and its own time; counters, token, names go on.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.updates.scene import Site, rows_in

pytestmark = pytest.mark.broker
ARCHIVES = sorted(Path(__file__).parent.glob("*.tar.xz"))
UNDATED = [archive for archive in ARCHIVES if "undated" in archive.name]
DATED = [archive for archive in ARCHIVES if archive not in UNDATED]

SLOT_MS = 20
"""Times that are dated later are rounded, to tell them apart."""


def named(archive: Path) -> str:
    return archive.name.partition(".")[0]


def unpacked(archive: Path, folder: Path) -> dict:
    """Lay the data folder where the bridge looks for it; return what is known of it."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


@asynccontextmanager
async def taken_over(folder: Path, facts: dict):
    """This bridge on that data, its ThingsBoard there again."""
    site = Site(folder, token=facts["token"] or None)
    site.memories["hall"].received = {int(client): counter for client, counter in facts["counter_seen_by_hall"].items()}
    await site.upstream.start()
    async with site:
        site.start_broker()
        site.bridge.start()
        yield site


@pytest.mark.parametrize("archive", DATED, ids=named)
async def test_what_an_older_bridge_left_waiting_arrives_whole_and_what_it_knew_goes_on(archive, tmp_path):
    facts = unpacked(archive, tmp_path)
    rows = rows_in(tmp_path / "data")
    devices = facts["devices"]
    waiting = {(meter, ts_ms) for meter, stamps in facts["waiting"].items() for ts_ms in stamps}
    assert len(waiting) >= 20
    assert waiting <= set(rows)
    newest = max(ts_ms for _, ts_ms in waiting)
    async with taken_over(tmp_path, facts) as site:
        stored = site.upstream.telemetry
        await site.until(lambda: {(devices[meter], ts_ms) for meter, ts_ms in waiting} <= set(stored))
        # Both are read on, the ciphered one too.
        await site.until(lambda: {device for device, ts_ms in stored if ts_ms > newest} >= set(devices.values()))
        for (meter, ts_ms), body in rows.items():
            assert stored[devices[meter], ts_ms].items() >= body.items()
        assert {device for device, _ in stored} <= {*devices.values(), "dlms-bridge"}
        assert site.memories["hall"].refused_counters == 0, "no invocation counter was used again"
        assert (tmp_path / "data" / "thingsboard.token").read_text().strip() == facts["token"]
        await site.until(lambda: "gate | auth |" in site.bridge.lines())
        # The first version's prints say nothing to this one: its refusals are counted, and one more makes two.
        assert site.memories["gate"].wrong_secrets <= ((tmp_path / "data" / "refusals.json").exists())
        assert site.bridge.figure("dlms_outbox_evicted_samples_total") == 0
        assert " ERROR " not in site.bridge.lines()
        assert site.bridge.stop() == 0


async def test_two_passwords_that_the_first_version_sent_in_vain_are_the_last_for_a_day(tmp_path):
    facts = unpacked(*[archive for archive in DATED if named(archive) == "3859e1f-sigterm"], tmp_path)
    file = tmp_path / "data" / "refusals.json"
    kept = json.loads(file.read_text())
    for refusals in kept["meters"].values():
        refusals.append([refusals[0][0] + 60, "00000000"])
    file.write_text(json.dumps(kept))
    async with taken_over(tmp_path, facts) as site:
        await site.until(lambda: "gate | auth |" in site.bridge.lines())
        assert "none is sent for 24.0 h" in site.bridge.lines()
        assert site.memories["gate"].wrong_secrets == 0


async def test_an_interval_set_in_thingsboard_holds_after_the_update_before_anybody_is_asked(tmp_path):
    facts = unpacked(*[archive for archive in DATED if named(archive) == "7b17478-sigkill"], tmp_path)
    site = Site(tmp_path, token=facts["token"])
    async with site:
        site.bridge.environ["THINGSBOARD__VIA"] = "direct"
        site.bridge.start()
        await site.until(lambda: "main | V:" in site.bridge.lines())
        (main,) = [one for one in json.loads(site.bridge.get("/status"))["meters"] if one["name"] == "main"]
        assert main["interval_s"] == 1.5


@pytest.mark.parametrize("archive", UNDATED, ids=named)
async def test_what_waited_for_its_time_when_the_machine_was_started_anew_arrives_with_a_word_of_doubt(
    archive, tmp_path
):
    """Nobody knew that boot's time: what its clock showed is all there is, and it is said."""
    facts = unpacked(archive, tmp_path)
    # Made the boot before this machine's present one, which ended an hour before that began.
    ledger = tmp_path / "data" / "clock.json"
    kept = json.loads(ledger.read_text())
    (boot,) = kept["boots"]
    began_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    shown_ns = began_ns - boot["seen_ns"] - 3_600_000_000_000
    earlier_ms = (boot["shown_ns"] - shown_ns) // 1_000_000
    boot |= {"boot": boot["boot"] + 1, "shown_ns": shown_ns}
    ledger.write_text(json.dumps(kept))
    with closing(sqlite3.connect(tmp_path / "data" / "outbox.db")) as database, database:
        database.execute("UPDATE undated SET boot = boot + 1, ts_ms = ts_ms - ?", (earlier_ms,))
    rows = rows_in(tmp_path / "data", "undated")
    assert len(rows) >= 20
    async with taken_over(tmp_path, facts) as site:
        stored = site.upstream.telemetry
        await site.until(lambda: sum(ts_ms < began_ns // 1_000_000 for _, ts_ms in stored) == len(rows))
        for (meter, ts_ms), body in rows.items():
            device = facts["devices"][meter]
            [values] = [stored[one] for one in stored if one[0] == device and abs(one[1] - ts_ms) < SLOT_MS]
            assert values.items() >= body.items()
            assert "time estimated" in values.values()


@pytest.mark.parametrize("name", ["outbox.db", "ledger.db"])
async def test_a_file_of_a_newer_bridge_is_refused_in_words_left_as_it_is_and_meters_are_read_on(name, tmp_path):
    """The way back over a change of schema: what waits stays there for the newer bridge, nothing is torn or dropped."""
    facts = unpacked(*[archive for archive in DATED if named(archive) == "1b464f8-sigkill"], tmp_path)
    file = tmp_path / "data" / name
    with closing(sqlite3.connect(file)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + 1}")
    before = file.read_bytes()
    newest = max(ts_ms for stamps in facts["waiting"].values() for ts_ms in stamps)
    async with taken_over(tmp_path, facts) as site:
        await site.until(lambda: f"{name}: written by a newer bridge" in site.bridge.lines())
        assert "run the newer bridge again" in site.bridge.lines()
        await site.until(lambda: any(ts_ms > newest for _, ts_ms in site.upstream.telemetry))
        assert site.bridge.stop() == 0
    assert file.read_bytes() == before
