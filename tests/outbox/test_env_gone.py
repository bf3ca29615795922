"""``.env`` was there, and is not: a whole bridge on a real broker. Nothing is sent elsewhere, nothing is invented."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from bridge.outbox.schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.broker
UPSTREAM = {
    "COLUMNS": "200",  # a row of the table for each destination
    "THINGSBOARD__HOST": "tb.invalid",
    "THINGSBOARD__TOKEN": "x",
    "METERS__MAIN__HOST": "127.0.0.1",
    "METERS__MAIN__PORT": "9",
}
GATEWAY = "thingsboard tb.invalid:1883 gateway"


def version_1(path: Path, count: int) -> None:
    """The file of the version before, with a backlog for its ThingsBoard."""
    path.parent.mkdir(exist_ok=True)
    db = sqlite3.connect(path)
    db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    rows = [(f"m{number % 3}", number) for number in range(count)]
    db.executemany("INSERT INTO samples (meter, ts_ms, body) VALUES (?, ?, '{\"a\":1}')", rows)
    db.commit()
    db.close()


def row(table: str, destination: str) -> list[str]:
    """The words behind a destination in what ``list`` shows."""
    [line] = [line for line in table.splitlines() if line.startswith(f"{destination} ")]
    return line.removeprefix(destination).split()


def checked(stack, **environ):
    return stack.command("check", **environ).stdout


def test_a_backlog_for_thingsboard_stays_when_env_is_gone_and_nothing_is_invented(stack, arrived):
    """75 waiting samples were confirmed by the local broker and deleted, and the demo meter ran."""
    version_1(stack.data / "outbox.db", 75)
    stack.start(**UPSTREAM)
    stack.says("| upstream: tb.invalid")
    stack.says("broker | connected")
    stack.stop()

    stack.start()
    stack.says("nothing is read until .env is back")
    stack.says(f"75 samples are waiting for '{GATEWAY}' and kept")
    stack.says("broker | connected")
    time.sleep(1)  # what must not happen needs time not to happen in
    assert arrived == []
    told = stack.command("outbox", "list", COLUMNS="200")
    assert told.returncode == 1
    assert row(told.stdout, GATEWAY)[:2] == ["75", "1970-01-01"]
    stack.stop()
    assert "demo" not in stack.log.read_text().split("upstream: none")[-1]

    stack.start(**UPSTREAM)
    stack.says("broker | connected")
    again = stack.command("outbox", "list", **UPSTREAM)
    assert again.returncode == 0, again.stdout
    assert row(again.stdout, GATEWAY)[:2] == ["75", "1970-01-01"]


def test_what_is_held_is_given_out_and_discarded_while_the_bridge_runs_and_while_it_does_not(stack, tmp_path):
    """Both ways say the same; the file is locked in the one and nobody answers in the other."""
    version_1(stack.data / "outbox.db", 1200)
    other = UPSTREAM | {"THINGSBOARD__HOST": "other.invalid"}
    stack.command("outbox", "list", **UPSTREAM)  # the first ThingsBoard that is named has them
    stack.start(**other)
    stack.says("1200 samples are waiting")
    stack.says("broker | connected")

    running = stack.command("outbox", "list", **other)
    exported = stack.command("outbox", "export", "-", **other)
    assert f"1200 samples for {GATEWAY}, kept" in checked(stack, **other)
    stack.stop()
    stopped = stack.command("outbox", "list", **other)
    assert f"1200 samples for {GATEWAY}, kept" in checked(stack, **other)
    assert row(running.stdout, GATEWAY) == row(stopped.stdout, GATEWAY)
    assert (running.returncode, stopped.returncode) == (1, 1)

    file = tmp_path / "waiting.jsonl"
    assert stack.command("outbox", "export", str(file), **other).returncode == 0
    assert file.read_text() == exported.stdout
    given = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [one["ts"] for one in given] == list(range(1200))
    assert given[4] == {"meter": "m1", "device": "m1", "destination": GATEWAY, "ts": 4, "values": {"a": 1}}
    again = stack.command("outbox", "export", str(file), **other)
    assert again.returncode == 2
    assert "already exists" in again.stdout

    asked = stack.command("outbox", "discard", **other, LANG="es")
    assert asked.returncode == 2
    assert "borraría para siempre" in asked.stdout
    assert row(asked.stdout, GATEWAY)[0] == "1200"
    stack.start(**other)
    stack.says("broker | connected")
    gone = stack.command("outbox", "discard", "--yes", **other)
    assert "1200 samples removed" in gone.stdout
    assert stack.command("outbox", "list", **other).returncode == 0


def test_a_server_by_another_name_gets_what_was_for_it(stack):
    version_1(stack.data / "outbox.db", 30)
    stack.command("outbox", "list", **UPSTREAM)
    moved = UPSTREAM | {"THINGSBOARD__HOST": "127.0.0.1"}
    stack.start(**moved)
    stack.says("30 samples are waiting")
    stack.says("broker | connected")

    asked = stack.command("outbox", "readdress", **moved)
    assert asked.returncode == 2
    done = stack.command("outbox", "readdress", "--yes", **moved)
    assert "30 samples are now for thingsboard 127.0.0.1:1883 gateway" in done.stdout
    assert row(done.stdout, "thingsboard 127.0.0.1:1883 gateway")[0] == "30"


def test_an_outbox_that_is_not_there_or_cannot_be_read_is_said_to_be_so(stack):
    absent = stack.command("outbox", "list")
    assert absent.returncode == 1
    assert "no outbox yet" in absent.stdout
    stack.data.mkdir()
    (stack.data / "outbox.db").write_bytes(b"junk" * 5000)
    damaged = stack.command("outbox", "list")
    assert damaged.returncode == 1
    assert "start the bridge" in damaged.stdout
    assert (stack.data / "outbox.db").read_bytes() == b"junk" * 5000


@pytest.mark.parametrize("words", [["export"], ["list", "file"], ["empty"]])
def test_what_cannot_be_meant_is_exit_code_2(stack, words):
    assert stack.command("outbox", *words).returncode == 2
