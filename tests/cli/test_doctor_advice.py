"""The doctor's advice on the data volume, followed to the letter: nothing is lost by it.

Samples lie in an outbox whose bridge was killed, in its log as well as in its file. Something is broken; the doctor
looks; what it says is done; a bridge starts. Then every sample must still be there.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys

import pytest

from bridge.cli.doctor.disk import file, look_at_outbox, volume
from bridge.cli.doctor.sentences import SENTENCES
from bridge.configuration.settings import OutboxSettings
from bridge.outbox.outbox import Outbox
from tests.cli.clinic import ROOT
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

SAMPLES = 90
_FILL_AND_DIE = f"""
import os, sys
from pathlib import Path
from bridge.outbox.store import Store
store = Store(Path(sys.argv[1]) / "outbox.db", max_bytes=50_000_000, destination="local")
for number in range({SAMPLES}):
    store.append([(number + 1, "main", number, '{{"v":{{"value":1,"unit":"' + 400 * "V" + '"}}}}', "main")])
    if number == {SAMPLES // 3}:
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
os._exit(0)  # as kill -9 does
"""


@pytest.fixture
def data(tmp_path):
    """A data volume whose bridge was killed."""
    folder = tmp_path / "data"
    folder.mkdir()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    subprocess.run([sys.executable, "-c", _FILL_AND_DIE, str(folder)], env=environ, check=True, timeout=60)
    assert (folder / "outbox.db-wal").stat().st_size > 4096
    return folder


def doctor(folder, *, file_bytes=None, stranger=False):
    """Call the command as a process of its own, perhaps on a full disk, perhaps as somebody without root's rights."""
    before = (find_program("setpriv"), "--bounding-set=-dac_override,-dac_read_search") if stranger else ()

    def limit():
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    ended = subprocess.run(
        [*before, sys.executable, "-m", "bridge", "doctor", "--json"],
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PYTHONDONTWRITEBYTECODE": "1", "DATA_DIR": str(folder), "HEALTH__PORT": str(free_port()),
            "BROKER__HOST": "127.0.0.1", "BROKER__PORT": str(free_port()),
        },
        capture_output=True, check=False, timeout=60, preexec_fn=limit,
    )  # fmt: skip
    found = json.loads(ended.stdout)["findings"]
    return {one["finding"] for one in found if one["group"] == "disk" and one["sign"] in ("bad", "warn")}


def after_a_start(folder, **settings):
    """Start what a bridge starts, and return how many samples it has, wherever they are meant for."""

    async def start():
        outbox = Outbox(folder / "outbox.db", settings=OutboxSettings(**settings))
        await outbox.open()
        state = outbox.state
        await outbox.close()
        return state

    state = asyncio.run(start())
    return state.depth + sum(one.count for one in state.foreign)


EXECUTED: set[str] = set()


def followed(*keys):
    """Note that a test does what the remedies of these findings say."""
    EXECUTED.update(f"doctor.{key}.fix" for key in keys)
    return pytest.mark.parametrize("remedies", [keys], ids=[" ".join(keys)])


@followed("file.alone")
@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_log_without_its_file(data, how, remedies):
    shutil.copy(data / "outbox.db-wal", data / "outbox.db-wal.copy")
    (data / "outbox.db").unlink() if how == "gone" else os.truncate(data / "outbox.db", 0)
    (data / "outbox.db-wal.copy").rename(data / "outbox.db-wal")
    assert doctor(data) == set(remedies)
    assert (data / "outbox.db-wal").stat().st_size > 4096, "looking costs nothing"
    # What was folded into the file is gone with it; all that the log has is there.
    assert after_a_start(data) >= SAMPLES - SAMPLES // 3 - 1


@followed("file.unread", "disk.denied")
@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to somebody else: needs root")
def test_files_that_belong_to_somebody_else(data, remedies):
    everything = (data, *data.iterdir())
    for one in everything:
        os.chown(one, 12_345, 12_345)
    assert doctor(data, stranger=True) == set(remedies)
    for one in (data, *data.iterdir()):
        os.chown(one, 0, 0)
    assert doctor(data, stranger=True) == set()
    assert after_a_start(data) == SAMPLES


@followed("file.damaged")
def test_a_file_with_a_hole(data, remedies):
    whole = (data / "outbox.db").read_bytes()
    page = whole.index(400 * b"V") // 4096  # the first samples are in no log any more
    (data / "outbox.db").write_bytes(whole[: page * 4096] + b"garbage!" * 512 + whole[(page + 1) * 4096 :])
    assert doctor(data) == set(remedies)
    assert SAMPLES > after_a_start(data) >= SAMPLES - 10, "all but what stood in that page"
    assert doctor(data) == {"file.aside"}


@followed("file.aside")
def test_what_was_set_aside_is_one_however_many_files_it_has_and_nothing_has_to_be_done(data, remedies):
    for companion in ("", "-wal", "-shm"):
        (data / f"outbox.corrupt-20260101T000000Z{companion}").write_bytes(b"x")
    (found,) = [one for one in file(data, look_at_outbox(data), running=False) if one.sign == "warn"]
    assert found.key.removeprefix("doctor.") in remedies
    assert (found.values["count"], found.values["newest"]) == (1, "outbox.corrupt-20260101T000000Z")
    assert after_a_start(data) == SAMPLES


@followed("file.foreign")
def test_a_database_that_is_not_the_bridges(tmp_path, remedies):
    folder = tmp_path / "data"
    folder.mkdir()
    with sqlite3.connect(folder / "outbox.db") as database:
        database.execute("CREATE TABLE cats (name TEXT)")
        database.execute("INSERT INTO cats VALUES ('Tom')")
    database.close()
    assert doctor(folder) == set(remedies)
    assert after_a_start(folder) == 0
    (aside,) = folder.glob("outbox.corrupt-*")
    database = sqlite3.connect(aside)
    assert database.execute("SELECT name FROM cats").fetchall() == [("Tom",)], "nothing of it is touched"
    database.close()


@followed("file.newer")
def test_a_file_of_a_newer_bridge(data, remedies):
    with sqlite3.connect(data / "outbox.db") as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert doctor(data) == set(remedies)
    assert after_a_start(data) == 0, "this version leaves it alone"
    with sqlite3.connect(data / "outbox.db") as database:
        database.execute(f"PRAGMA user_version = {version}")  # the newer one, to which it is its own
    database.close()
    assert after_a_start(data) == SAMPLES


@followed("disk.full")
def test_a_full_disk(data, remedies):
    assert doctor(data, file_bytes=32_768) == set(remedies)
    assert after_a_start(data) == SAMPLES  # room was made


@followed("disk.tight")
def test_a_disk_that_is_smaller_than_the_outbox_may_grow(data, remedies):
    free_mb = os.statvfs(data).f_bavail * os.statvfs(data).f_frsize / 1e6
    (found,) = [one for one in volume(data, (free_mb + 1000) * 1e6) if one.sign == "warn"]
    assert found.key.removeprefix("doctor.") in remedies
    holds_mb = sum(one.stat().st_size for one in data.glob("outbox.db*")) / 1e6
    assert after_a_start(data, max_mb=holds_mb + 0.1) == SAMPLES


@followed("disk.read_only", "disk.broken", "disk.failing", "file.held_unknown")
def test_what_is_to_be_looked_at_elsewhere_changes_nothing_on_the_volume(data, remedies):
    """dmesg, fsck, docker compose ps; and a bridge is not to be restarted before."""
    for key in remedies:
        said = SENTENCES[f"doctor.{key}.fix"][0]
        assert re.search(r"dmesg|docker compose ps|do not restart", said)
    assert after_a_start(data) == SAMPLES


def test_every_remedy_for_the_data_volume_is_followed_by_some_test():
    remedies = {key for key in SENTENCES if re.fullmatch(r"doctor\.(file|disk)\.\w+\.fix", key)}
    assert remedies == EXECUTED


HARMLESS = {"up -d", "ps", "logs", "restart", "exec", "run --rm", "stop"}
"""Of Compose: none of them removes a volume, and the bridge keeps what is on disk through all of them (tests/stack)."""


@pytest.mark.parametrize("key", [key for key in SENTENCES if key.endswith(".fix")])
def test_no_remedy_removes_or_moves_anything(key):
    english, spanish = (said.lower() for said in SENTENCES[key])
    allowed = english.replace("run --rm", "run").replace("move nothing", "").replace("never by removing volumes", "")
    assert not re.search(r"\b(re)?mov(e|es|ing)\b|\bdelet|\brm\b|\bprune\b|\bwipe|\bformat\b|\bdown\b", allowed)
    allowed = spanish.replace("no mueva nada", "").replace("sin mover nada", "").replace("nunca quitando volúmenes", "")
    assert not re.search(r"\bborr|\bmuev|\belimin|\bquitando", allowed)
    for commands in re.findall(r"docker compose ((?:run --rm|up -d|[a-z]+))", english):
        assert commands in HARMLESS
