"""The small files of the data folder, bent in every place: whoever reads one goes on, and the bridge starts."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import random

import pytest

from bridge.cli.callers.callers import CallersCommand
from bridge.clock.assembly import open_clock
from bridge.configuration.load import load
from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.home_assistant.told_meters import ToldMeters
from bridge.delivery.kept_file import KeptFile
from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.names import Names
from bridge.delivery.shared_attributes import SharedAttributes
from bridge.dlms.values import interpret
from bridge.health.restart_count import count_start
from bridge.listen.assembly import listener
from bridge.listen.known_scalers import KnownScalers
from bridge.listen.metrics import ListenMetrics
from bridge.listen.unknown_callers import UnknownCaller
from bridge.outbox.destination import destination_of
from bridge.outbox.outbox import Outbox
from tests.configuration.loading import NOWHERE

INSTEAD = [
    None, True, 0, -1, 10**30, 1e300, float("nan"), float("inf"), -float("inf"), "", "x", "4d4d", "x" * 10_000,
    [], {}, [None], {"a": None}, [[1]],
]  # fmt: skip
TO = ThingsBoardSettings(host="127.0.0.1", port=1, token="TOKEN", via="direct")
CALLER = {
    "address": "10.0.0.1", "title": "4B464D1020000001", "name": "KFM 1", "text": "IMEI 1", "framing": "hdlc",
    "reason": "unknown-title", "said": "a title", "values": 3, "count": 2, "first_s": 1.0, "last_s": 1_795_730_000.0,
}  # fmt: skip
NO_TITLE = {**CALLER, "title": "", "name": ""}
BOOT_NS = 1_795_000_000_000_000_000
BOOT = {
    "boot": 1, "shown_ns": BOOT_NS, "floor_ms": 0, "seen_ns": 10**12, "anchor_ns": BOOT_NS, "era": 1,
    "grade": "witnessed", "confirmed_ns": 1, "meters_ns": BOOT_NS,
}  # fmt: skip
OF_HERE = {"destination": "here"}
FILES = {
    "callers.json": {"callers": [CALLER, NO_TITLE]},
    "scalers.json": {"main": {"1.0.1.8.0.255": [-1, "Wh"]}},
    "clock.json": {
        "eras": 1, "confirmed_ms": BOOT_NS // 10**6, "presumed_ms": 0, "offsets_s": {"main": 0.5}, "boots": [BOOT],
    },
    "names.json": OF_HERE | {
        "names": {"main": {"configured": "main", "name": "Main"}}, "pending": [["main", "main", "Main"]],
    },
    "home-assistant.json": OF_HERE | {
        "meters": {"main": {"topics": ["a"], "sensors": {"k": ["1.8.0", "Wh", False]}, "gone": ["z"], "device": {}}},
        "gone": ["t"],
    },
    "upstream.json": {
        "destination": destination_of(TO, ""), "rates": {"entries": 10.0, "points": 5.0, "regular": 2.0},
        "marks_seen": True,
    },
    "shared.json": OF_HERE | {"meters": {"main": {"interval": 5}}},
    "starts": 5,
}  # fmt: skip


def places(document, above=()):
    yield above
    if isinstance(document, dict | list):
        for name, part in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(part, (*above, name))


def bent(document):
    """Yield where it was bent, and the file."""
    text = json.dumps(document)
    yield "empty", b""
    yield "of zeros, as after a power cut", bytes(len(text))
    yield "torn", text[: len(text) // 2].encode()
    yield "of another program", random.Random(1).randbytes(4096)
    yield "of another encoding", text.encode("utf-16")
    for place in places(document):
        for value in INSTEAD:
            yield f"{place} is {str(value)[:20]}", json.dumps(put(document, place, value)).encode()


def put(document, place, value):
    if not place:
        return value
    document = copy.deepcopy(document)
    at = document
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    return document


async def listens(folder):
    """Open the port, as the bridge does at its start, and take note of two strangers."""

    class Nobody:
        calls = {}  # noqa: RUF012

        def scalers(self, _meter):
            return {}

    settings = load({"DATA_DIR": str(folder), "LISTEN__PORT": "1", "METERS__MAIN__HOST": "10.9.9.9"}, NOWHERE)
    clock, _ = open_clock(folder, patience_s=0)
    settings = settings.model_copy(update={"listen": settings.listen.model_copy(update={"port": 0})})
    one = listener(settings, [], lambda _: None, lambda _: None, Nobody(), clock=clock, metrics=ListenMetrics())
    await one.bind()
    running = asyncio.create_task(one.run())
    unknown = one._unknown
    try:
        while not (folder / "callers.json").exists() or not one._server.is_serving():
            await asyncio.sleep(0)
            if running.done():
                running.result()
        unknown.note(UnknownCaller(CALLER["address"], title=CALLER["title"], reason="unknown-title"))
        unknown.note(UnknownCaller("10.0.0.2", name="new", reason="unknown-meter"))
        await unknown.save()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def has_scalers(folder):
    known = KnownScalers(folder / "scalers.json", lambda _meter: {})
    await known.open()
    for scaler, unit in known.of("main").values():
        assert isinstance(unit, str)
        interpret(100, class_id=3, attribute=2, scaler=scaler)


async def has_time(folder):
    clock, file = open_clock(folder, patience_s=600)
    clock.look()
    assert clock.state.condition
    clock.best_ms(clock.moment())
    assert file.save(clock.ledger.plain())


async def has_names(folder):
    names = Names({"main": "main", "hall": "hall"}, KeptFile(folder / "names.json", "here"))
    assert all(isinstance(name, str) for name in names.values())
    names.rename(names["main"], "other")
    names.save()


async def tells_home_assistant(folder):
    told = ToldMeters(KeptFile(folder / "home-assistant.json", "here"))
    told.begin("main", "a", "b")
    told.drop_others(["main"])
    await told.save()


async def sends(folder):
    names = Names({"main": "main"})
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings(), destination="here", devices=names)
    publisher(
        BrokerSettings(), TO, outbox=outbox, device_names=names, memory_path=folder / "upstream.json",
        commands=no_commands, metrics=DeliveryMetrics(), rng=random.Random(1),
    )  # fmt: skip


async def takes_attributes(folder):
    shared = SharedAttributes(Names({"main": "main"}), lambda _m, _v: "", file=KeptFile(folder / "shared.json", "here"))
    shared.restore()


async def counts(folder):
    assert count_start(folder) >= 0


async def shows_callers(folder):
    for as_json in (False, True):
        out = io.StringIO()
        environ = {"DATA_DIR": str(folder), "LISTEN__PORT": "4059"}
        assert CallersCommand(environ, out, as_json=as_json, secrets_dir=NOWHERE).run() == 0
        assert out.getvalue()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("callers.json", listens),
        ("callers.json", shows_callers),
        ("scalers.json", has_scalers),
        ("clock.json", has_time),
        ("names.json", has_names),
        ("home-assistant.json", tells_home_assistant),
        ("upstream.json", sends),
        ("shared.json", takes_attributes),
        ("starts", counts),
    ],
)
async def test_whoever_reads_a_bent_file_goes_on(tmp_path, name, read):
    tried = 0
    for where, octets in bent(FILES[name]):
        (tmp_path / name).write_bytes(octets)
        try:
            await read(tmp_path)
        except Exception as error:
            error.add_note(f"{name}: {where}")
            raise
        tried += 1
    assert tried > 20


async def test_a_damaged_caller_costs_no_other_one(tmp_path):
    (tmp_path / "callers.json").write_text(json.dumps({"callers": [{**CALLER, "title": "no hex"}, NO_TITLE]}))
    out = io.StringIO()
    CallersCommand({"DATA_DIR": str(tmp_path)}, out, as_json=True, secrets_dir=NOWHERE).run()
    assert [one["text"] for one in json.loads(out.getvalue())] == ["IMEI 1"]
