"""The table of damage: what is done to the outbox's files, and what of a hundred waiting samples is there afterwards.

A bridge was killed with a hundred samples in its outbox (some folded into the file, some in its log, some of both).
Something happens to its files; an outbox is opened on them, by a user that is not root, takes ten samples more and is
asked for all that can be sent. Then the damage is undone as the doctor says (owner, room, mount; there is nothing to be
undone about a file), and the next start is asked again.

By hand, as root: ``python -m tests.outbox.damage``.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loguru import logger

from bridge.configuration.settings import OutboxSettings
from bridge.outbox.outbox import Outbox
from bridge.outbox.store import Store
from tests.outbox.conftest import sample

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES, MORE = 100, 10
NOBODY = 65534
FILES = ("outbox.db", "outbox.db-wal")
DAMAGES = ("gone", "empty", "cut", "garbage", "root's", "read-only", "full")
FOLDED = ("all in the log", "half folded", "all folded")


class Row(NamedTuple):
    """One line of the table.

    Args:
        file: what was damaged.
        damage: how.
        folded: how much of the samples was in the database itself.
        sent: of the hundred, what the outbox gives at the start with the damage.
        more: of the ten that came then.
        afterwards: of the hundred and ten, after the doctor's advice and another start.
        said: the log's first line about it.
    """

    file: str
    damage: str
    folded: str
    sent: int
    more: int
    afterwards: int
    said: str


def prepare(folder: Path, folded: str) -> None:
    """The files of a killed bridge with a hundred samples."""
    store = Store(folder / "made.db", max_bytes=10_000_000)

    def append(begin: int, end: int) -> None:
        store.append([(n + 1, "main", n, '{"voltage_l1":127.4}', "main") for n in range(begin, end)])

    append(0, SAMPLES // 2)
    if folded != "all in the log":
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    append(SAMPLES // 2, SAMPLES)
    if folded == "all folded":
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for suffix in ("", "-wal"):
        shutil.copy(folder / f"made.db{suffix}", folder / f"outbox.db{suffix}")
    store.close()
    for made in folder.glob("made*"):
        made.unlink()
    for one in (folder, *folder.iterdir()):
        os.chown(one, NOBODY, NOBODY)


def harm(path: Path, damage: str, rng: random.Random) -> Callable[[], None]:
    """Do it, and return what the doctor advises."""
    size = path.stat().st_size
    match damage:
        case "gone":
            path.unlink()
        case "empty":
            os.truncate(path, 0)
        case "cut":
            os.truncate(path, size // 2)
        case "garbage":
            with path.open("r+b") as file:
                file.write(rng.randbytes(size // 2))
        case "root's":
            os.chown(path, 0, 0)
            path.chmod(0o600)
            return lambda: os.chown(path, NOBODY, NOBODY)
        case "read-only":
            subprocess.run(["mount", "-o", "remount,ro", path.parent], check=True)
            return lambda: subprocess.run(["mount", "-o", "remount,rw", path.parent], check=True)
        case "full":
            ballast = path.parent / "ballast"
            found = os.statvfs(path.parent)
            ballast.write_bytes(bytes(found.f_bavail * found.f_frsize))
            return ballast.unlink
    return lambda: None


def start(folder: Path, begin: int) -> tuple[set[int], str]:
    """Open the outbox in a process of nobody's, give it ten samples; return what it can send and what it says."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which this one does not use
        child = os.fork()
    if not child:
        code = 1
        with suppress(BaseException):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, json.dumps(asyncio.run(_life(folder, begin))).encode())
            code = 0
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = json.loads(pipe.read())
    os.waitpid(child, 0)
    return set(told["sent"]), told["said"]


async def _life(folder: Path, begin: int) -> dict[str, object]:
    lines: list[str] = []
    logger.remove()
    logger.add(lambda message: lines.append(message.rstrip()), level="WARNING", format="{message}")
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings(commit_interval=0.01))
    await outbox.open()
    running = asyncio.create_task(outbox.run())
    for ts_ms in range(begin, begin + MORE):
        outbox.put(sample(ts_ms))
    async with asyncio.timeout(30):
        while outbox.state.pending and outbox.state.writing is None:
            await asyncio.sleep(0.01)
    sent = [row.ts_ms for row in await outbox.fetch(limit=10_000)]
    running.cancel()
    return {"sent": sent, "said": lines[0] if lines else ""}


def table(folder: Path) -> list[Row]:
    """Do all of it; the folder is on a file system of its own for each."""
    rows = []
    for file in FILES:
        for damage in DAMAGES:
            for folded in FOLDED:
                if (file, folded) == ("outbox.db-wal", "all folded") or (damage, file) == ("full", "outbox.db-wal"):
                    continue  # there is nothing in it; a disk is full once
                rows.append(_one(folder, file, damage, folded))
    return rows


def _one(folder: Path, file: str, damage: str, folded: str) -> Row:
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0755", "tmpfs", disk], check=True)
    try:
        prepare(disk, folded)
        advice = harm(disk / file, damage, random.Random(1))
        sent, said = start(disk, SAMPLES)
        advice()
        afterwards, _ = start(disk, SAMPLES + MORE)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
    hundred, ten = set(range(SAMPLES)), set(range(SAMPLES, SAMPLES + MORE))
    return Row(
        file, damage, folded, len(sent & hundred), len(sent & ten), len((afterwards | sent) & (hundred | ten)), said
    )


def main() -> None:
    """Run by hand."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for row in table(Path(folder)):
            print(*row, sep=" | ")


if __name__ == "__main__":
    main()
