"""A whole bridge, the double of ThingsBoard on MQTT and on REST: what is taken out by hand is named, and comes back."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import time

from bridge import demo
from bridge.cli.audit.audit import AuditCommand
from bridge.cli.ledger_file import utc_iso as iso
from bridge.outbox.kept_reading import KeptReading
from bridge.thingsboard.ledger_expectation import LedgerExpectation
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard
from tests.thingsboard.rest_server import RestServer

LATER_S = 600.0
DEVICE, LIVE, INTERVAL = "Main building", "voltage_l1", "lp_active_energy"


def audited_live(folder, port):
    """The time stamps of live samples that are kept, from when on all are."""
    kept = KeptReading(folder / "kept", f"thingsboard 127.0.0.1:{port} gateway")
    since_ms = kept.since_ms
    return [] if since_ms is None else [sample.ts_ms for sample in kept.samples() if sample.ts_ms >= since_ms]


def intervals_had(folder):
    """The ends of the intervals whose value was confirmed, by the ledger."""
    if not (folder / "ledger.db").exists():
        return []
    ledger = LedgerExpectation(folder / "ledger.db")
    days = [one for one in ledger.expected("main", 0, int(time.time() * 1000)) if one.key == INTERVAL]
    return sorted(stamp for stamps in ledger.stamps(days).values() for stamp in stamps)


def audit(environ, **options):
    """As if it were some minutes later: what is younger than a minute is not looked at."""
    out = io.StringIO()
    command = AuditCommand(environ, out, as_json=True, clock_s=lambda: time.time() + LATER_S)
    code = command.run("", "90d", **options)
    return code, json.loads(out.getvalue())


def lacking(document):
    return sorted(
        (meter["device"], one["key"], time_)
        for meter in document["meters"]
        for one in meter["missing"]
        for time_ in one["times"]
    )


async def until(condition, timeout_s=100):
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.05)


async def test_three_values_that_were_taken_out_by_hand_are_named_and_come_back(tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATA_DIR": str(tmp_path),
        "HEALTH__HOST": f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.2",  # of this run alone
        "HEALTH__PORT": str(free_port()),
        "POLL__INTERVAL": "1",
        "CLOCK__PATIENCE": "0",
        "THINGSBOARD__HOST": "127.0.0.1",
        "THINGSBOARD__TOKEN": "TOKEN",
    }
    meter = await demo.serve()
    async with ThingsBoard() as server:
        with RestServer(server.model) as rest:
            environ |= rest.environ() | {
                "THINGSBOARD__PORT": str(server.port),
                "METERS__MAIN__HOST": "127.0.0.1",
                "METERS__MAIN__PORT": str(meter.sockets[0].getsockname()[1]),
                "METERS__MAIN__PROFILE": "microstar",
                "METERS__MAIN__PASSWORD": demo.DEMO_PASSWORD,
                "METERS__MAIN__DEVICE": DEVICE,
            }
            bridge = await asyncio.create_subprocess_exec(sys.executable, "-m", "bridge", env=environ)
            try:
                async with asyncio.timeout(100):
                    while not (kept := audited_live(tmp_path, server.port)) or len(intervals_had(tmp_path)) < 96:
                        await asyncio.sleep(0.5)
                code, document = await asyncio.to_thread(audit, environ, repair=False)
                assert (code, lacking(document)) == (0, [])

                rows = server.model.rows(DEVICE)
                taken = [(kept[0], LIVE), *((stamp, INTERVAL) for stamp in intervals_had(tmp_path)[40:42])]
                values = [rows[stamp].pop(key) for stamp, key in taken]
                code, document = await asyncio.to_thread(audit, environ, repair=False)
                assert code == 1
                assert lacking(document) == sorted((DEVICE, key, iso(stamp)) for stamp, key in taken), (
                    "to the very value"
                )

                code, document = await asyncio.to_thread(audit, environ, repair=True)
                assert (code, document["sent_again"]) == (1, 3)
                await until(lambda: all(key in rows[stamp] for stamp, key in taken))
                assert [rows[stamp][key] for stamp, key in taken] == values
                assert (await asyncio.to_thread(audit, environ, repair=False))[0] == 0
            finally:
                bridge.terminate()
                await bridge.wait()
                meter.close()
