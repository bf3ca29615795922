"""``bridge outbox``: what the outbox holds and does not send, shown, given out, discarded or readdressed.

Asks the bridge that runs on this data folder, by its socket; without one it opens the file itself, as the bridge would
at its start. Changes nothing but what ``--yes`` was said to, and tells counts and times before and after.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from bridge.cli.catalogue import Catalogue
from bridge.cli.outbox_desk import asked, connected
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.configuration.load import SECRETS_DIR, read
from bridge.errors import DiskError
from bridge.health.size import size_text
from bridge.outbox.desk import answer, plain
from bridge.outbox.destination import destination_of
from bridge.outbox.rows_by_destination import RowsByDestination
from bridge.outbox.salvage import look_for_orphan, set_aside_files, size_of
from bridge.outbox.sqlite_errors import Damaged
from bridge.outbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.configuration.settings import Settings

_ASK = {"discard": "outbox.discard.ask", "readdress": "outbox.readdress.ask"}
_DONE = {"discard": "outbox.discard.done", "readdress": "outbox.readdress.done"}
_PAGE = 500


class OutboxCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO) -> None:
        self._environ = environ
        self._say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        settings = read(environ, SECRETS_DIR).settings  # mistakes in it are check's business
        self._settings = settings
        self._path = settings.data_dir / "outbox.db"
        devices = {name: meter.device or name for name, meter in settings.meters.items()}
        self._devices = devices
        self._destination = destination_of(settings.thingsboard, next(iter(devices.values()), ""))
        one_device = settings.thingsboard.mode == "device" and settings.thingsboard.host is not None
        self._device = next(iter(devices.values()), None) if one_device else None

    def run(self, action: str, file: str, *, yes: bool) -> int:
        """Do it and return the exit code."""
        say, terminal = self._say, self._terminal
        if (action == "export") != bool(file):
            terminal.say(
                terminal.sign("bad"), " ", say("outbox.file_needed" if action == "export" else "outbox.no_file")
            )
            return UNUSABLE
        try:
            if action == "export":
                return self._export(file)
            told = self._one("list")
            if action == "list":
                return self._show(told)
            if not yes:
                self._show(told)
                terminal.say()
                terminal.say(terminal.sign("warn"), " ", say(_ASK[action]))
                return UNUSABLE
            done = self._one(action)
        except DiskError as error:
            terminal.say(terminal.sign("bad"), " ", say("outbox.not_read", said=error))
            if error.hint:
                terminal.say("      ", (error.hint, "dim"))
            return SOMETHING_WRONG
        terminal.say(terminal.sign("good"), " ", say(_DONE[action], count=done["count"], to=told["destination"]))
        self._show(self._one("list"))
        return ALL_WELL

    def _show(self, told: dict[str, Any]) -> int:
        say, terminal = self._say, self._terminal
        rows = [(told["destination"], *_cells(told["waiting"], say), say("outbox.sent"))]
        rows += [(one["destination"], *_cells(one, say), say("outbox.kept")) for one in told["others"]]
        if told["undated"]["count"]:
            rows.append((say("outbox.undated"), *_cells(told["undated"], say), say("outbox.for_clock")))
        if told["set_aside"]["count"]:
            rows.append((say("outbox.set_aside"), *_cells(told["set_aside"], say), say("outbox.refused")))
        header = (say("outbox.for"), say("outbox.samples"), say("outbox.oldest"), say("outbox.newest"), "")
        if sum(max(map(len, column)) + 2 for column in zip(header, *rows, strict=True)) - 2 <= terminal.columns:
            terminal.table(header, rows, indent=0)
        else:
            self._show_below(rows)
        if told.get("memory"):
            terminal.say(say("outbox.memory", count=told["memory"]))
        damaged = set_aside_files(self._path)
        if damaged:
            size = size_text(sum(map(size_of, damaged)))
            terminal.say(say("outbox.damaged", count=len(damaged), size=size, newest=damaged[-1].name))
        held = sum(one["count"] for one in told["others"]) + told["set_aside"]["count"]
        terminal.say()
        terminal.say(say("outbox.held", count=held) if held else say("outbox.nothing_held"))
        return SOMETHING_WRONG if held else ALL_WELL

    def _show_below(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        """Each row as a paragraph, where the table is wider than the terminal."""
        for name, count, oldest, newest, what in rows:
            span = self._say("outbox.span", oldest=oldest, newest=newest) if oldest else ""
            self._terminal.wrap([], (f"{what}: {name}", "bold"))
            self._terminal.wrap(["  "], f"{self._say('outbox.samples')}: {count}{span}")

    def _export(self, file: str) -> int:
        say, terminal = self._say, self._terminal
        if file == "-":
            beside = Terminal(sys.stderr, self._environ)
            count = self._write(sys.stdout, beside)
            beside.say(say("outbox.export.done", count=count, file="-"))
            return ALL_WELL
        path = Path(file)
        part = path.with_name(f"{path.name}.part")
        try:
            if path.exists():
                terminal.say(terminal.sign("bad"), " ", say("outbox.export.exists", file=path))
                return UNUSABLE
            with part.open("w", encoding="utf-8") as out:
                count = self._write(out, terminal)
                out.flush()
                os.fsync(out.fileno())
            part.rename(path)
        except OSError as error:
            terminal.say(terminal.sign("bad"), " ", say("outbox.export.failed", file=path, said=error.strerror))
            return UNUSABLE
        terminal.say(terminal.sign("good"), " ", say("outbox.export.done", count=count, file=path))
        return ALL_WELL

    def _write(self, out: TextIO, terminal: Terminal) -> int:
        """Write what is held, one line each, and return how many."""
        told, count = self._one("list"), 0
        held = sum(one["count"] for one in told["others"]) + told["set_aside"]["count"]
        with terminal.progress(held) as progress:
            for count, line in enumerate(self._lines("export"), 1):
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                if count % _PAGE == 0:
                    progress.step(by=_PAGE)
        return count

    def _one(self, do: str) -> dict[str, Any]:
        return next(self._lines(do))

    def _lines(self, do: str) -> Iterator[dict[str, Any]]:
        """Yield the answer's lines.

        Raises:
            DiskError: there is none.
        """
        with connected(self._settings.data_dir) as running:
            if running is not None:
                yield from asked(running, {"do": do})
                return
        if not self._path.exists():
            look_for_orphan(self._path)
            raise DiskError(
                f"{self._path}: no outbox yet", hint="is DATA_DIR right? the bridge creates it when it starts"
            )
        try:
            look_for_orphan(self._path)
            store = Store(
                self._path,
                max_bytes=int(self._settings.outbox.max_mb * 1e6),
                destination=self._destination,
                devices=self._devices,
            )
        except Damaged as error:
            raise DiskError(str(error), hint="start the bridge: it carries over what can be read") from error
        try:
            if do == "export":
                for given in store.held.refused():
                    yield plain(given)
                after = 0
                while page := store.held.kept(after=after, limit=_PAGE):
                    yield from map(plain, page)
                    after = page[-1].row.id
            else:
                told = store.tell(lambda held: answer(held, do, self._device))
                assert isinstance(told, dict)  # noqa: S101 - for mypy
                yield told
        finally:
            store.close()


def kept_for_others(settings: Settings) -> list[tuple[str, int]]:
    """Return for whom the outbox keeps samples that it does not send, and how many; changes nothing, never fails."""
    path = settings.data_dir / "outbox.db"
    try:
        with connected(settings.data_dir) as running:
            if running is not None:
                return [(one["destination"], one["count"]) for one in next(asked(running, {"do": "list"}))["others"]]
        look_for_orphan(path)
        device = next((meter.device or name for name, meter in settings.meters.items()), "")
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0)) as db:
            held = RowsByDestination(db, destination_of(settings.thingsboard, device))
            held.count()
            return [(one.destination, one.count) for one in held.foreign]
    except (DiskError, sqlite3.Error, OSError, ValueError):
        return []  # none yet, one of the version before, a damaged one: the doctor's business


def _cells(span: Mapping[str, Any], say: Catalogue) -> tuple[str, str, str]:
    if not span["count"]:
        return say("outbox.none"), "", ""
    return str(span["count"]), _time(span["oldest_ts_ms"]), _time(span["newest_ts_ms"])


def _time(ts_ms: int) -> str:
    try:
        return datetime.fromtimestamp(ts_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a meter's clock may say anything
        return str(ts_ms)
