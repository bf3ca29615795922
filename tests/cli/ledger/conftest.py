"""The data folder that the commands on the ledger are asked about, at noon."""

from __future__ import annotations

import io
import json

import pytest

from bridge.cli.backfill.backfill import BackfillCommand
from bridge.cli.events.events import EventsCommand
from bridge.cli.gaps.gaps import GapsCommand
from tests.fakes.ports import free_port
from tests.ledger.shelf import NOON_MS, Shelf


class Desk:
    """Runs commands against one data folder.

    Args:
        folder: where it is.
        port: of a health server; none listens there but one that a test starts.
    """

    def __init__(self, folder, port) -> None:
        self.folder = folder
        self.port = port
        self.environ = {
            "DATA_DIR": str(folder), "HEALTH__PORT": str(port), "METERS__MAIN__HOST": "127.0.0.1",
            "METERS__CELLAR__HOST": "127.0.0.1",
        }  # fmt: skip

    def gaps(self, meter="", *, lang="en", **options):
        return self._run(GapsCommand, lang, options, meter)

    def events(self, meter="", since="", limit=50, *, lang="en", **options):
        return self._run(EventsCommand, lang, options, meter, since, limit)

    def backfill(self, meter, start, end="", *, lang="en", sleep=None, profile="", waits=True, **options):
        options |= {"sleep": sleep} if sleep else {}
        return self._run(BackfillCommand, lang, options, meter, start, end, profile=profile, waits=waits)

    def _run(self, command, lang, options, *asked, **how):
        out = io.StringIO()
        made = command({**self.environ, "LANG": lang}, out, clock_s=lambda: NOON_MS / 1000, **options)
        code = made.run(*asked, **how)
        text = out.getvalue()
        return code, json.loads(text) if options.get("as_json") else text


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "data", free_port())


@pytest.fixture
def shelf(desk):
    made = Shelf(desk.folder)
    yield made
    made.store.close()
