"""A thousand pushed messages at a hundred connections: what is stored, refused and why, how fast, beside polled meters.

    python -m tests.bench.pushes [--meters 100] [--messages 10] [--polled 20]

The real bridge without a ThingsBoard, so that all stays on its disk. Half of the meters push plain, half ciphered, in
all framings. Messages come whole or in pieces; some twice, some again later, some cut off; and from callers whom nobody
knows. What must be stored is known beforehand, and looked for in the outbox, row by row, after the bridge was killed.
Beside it polled meters are read each second: how late they were, with and without the pushes. Nothing here passes or
fails.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.demo import MeterServer, serve
from bridge.demo.access import Keys
from bridge.demo.inventory import Identity
from bridge.demo.pushing import PushingMeter
from tests.bench.process import Page, cpu_s, memory_mb, quantile
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMINGS = ("wrapper", "hdlc", "m-bus", "bare")
LATENESS = "dlms_cycle_lateness_seconds"
PATIENCE_S = 120.0


@dataclass
class Caller:
    """One connection: what it sends, in order, and what must come of it."""

    name: str
    sent: list[bytes] = field(default_factory=list)
    stored: set[int] = field(default_factory=set)
    """Seconds of the messages that must be on disk."""
    expected: Counter[str] = field(default_factory=Counter)


def plan(rng: random.Random, meters: int, messages: int, began_s: int) -> tuple[list[Caller], dict[str, str]]:
    """Return who sends what, and the settings that know the meters."""
    callers, settings = [], {}
    for n in range(meters):
        is_ciphered = n % 2 == 1
        meter = pushing(n, "authenticated-encryption" if is_ciphered else "none")
        settings |= settings_of(f"p{n}", meter)
        caller = Caller(f"p{n}")
        before: list[bytes] = []
        for k in range(messages):
            at_s = began_s + k
            data = b"".join(meter.message(at_s))
            caller.sent.append(data)
            caller.stored.add(at_s)
            caller.expected["stored"] += 1
            if rng.random() < 0.1:  # at once once more
                caller.sent.append(data)
                caller.expected["replayed" if is_ciphered else "doubled"] += 1
            if before and is_ciphered and rng.random() < 0.1:  # recorded, and played again
                caller.sent.append(rng.choice(before))
                caller.expected["replayed"] += 1
            before.append(data)
        if rng.random() < 0.2:  # the connection breaks within a message
            caller.sent.append(b"".join(meter.message(began_s + messages))[:-9])
            caller.expected["cut"] += 1
        callers.append(caller)
    return callers, settings


def strangers(count: int, began_s: int) -> list[Caller]:
    """Return callers whom nobody knows."""
    made = []
    for n in range(count):
        security = "authenticated-encryption" if n % 2 else "none"
        data = b"".join(pushing(10_000 + n, security).message(began_s))
        reason = "unknown-title" if n % 2 else "unknown-meter"
        made.append(Caller(f"stranger {n}", [data], expected=Counter({reason: 1})))
    return made


def pushing(n: int, security: str) -> PushingMeter:
    """Return the n-th meter."""
    identity = Identity(f"DEMO{n:08}", f"{n:08}", system_title=b"DEM" + n.to_bytes(5))
    return PushingMeter(
        identity=identity, kind="three_phase", framing=FRAMINGS[n // 2 % 4], body=("list", "pairs")[n // 8 % 2],
        security=security, keys=Keys(), block_bytes=(0, 100)[n // 16 % 2],
    )  # fmt: skip


def settings_of(name: str, meter: PushingMeter) -> dict[str, str]:
    """Return the lines by which a meter is known."""
    settings = {"PUSH_ONLY": "true", "PROFILE": meter.kind}
    if meter.security == "none":
        settings["LOGICAL_DEVICE_NAME"] = meter.identity.logical_device_name
    else:
        settings |= {
            "METER_SYSTEM_TITLE": meter.identity.system_title.hex(),
            "SECURITY": meter.security,
            "ENCRYPTION_KEY": meter.keys.encryption_key.hex(),
            "AUTHENTICATION_KEY": meter.keys.authentication_key.hex(),
        }
    return {f"METERS__{name.upper()}__{key}": value for key, value in settings.items()}


async def call(caller: Caller, port: int, rng: random.Random) -> None:
    """Send all, each message in pieces of any size, and hang up when it is read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for data in caller.sent:
        at = 0
        while at < len(data):
            size = rng.choice((len(data), len(data), 1, 7, 100))
            writer.write(data[at : at + size])
            at += size
            await writer.drain()
            await asyncio.sleep(0)
    writer.write_eof()
    await reader.read()
    writer.close()


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run and print."""
    rng = random.Random(arguments.seed)
    began_s = int(time.time()) - 10_000
    callers, settings = plan(rng, arguments.meters, arguments.messages, began_s)
    everybody = callers + strangers(arguments.meters // 10, began_s)
    async with AsyncExitStack() as serving:
        for n in range(arguments.polled):
            polled = await serve(framing="wrapper", meter=lambda: MeterServer(framing="wrapper"))
            await serving.enter_async_context(polled)
            known = polled_meter(polled.sockets[0].getsockname()[1])
            settings |= {f"METERS__READ{n}__{key}": value for key, value in known.items()}
        listening = free_port()
        bridge = BridgeProcess(
            folder, None, THINGSBOARD__HOST="127.0.0.1", THINGSBOARD__PORT="1", THINGSBOARD__TOKEN="nobody",
            LISTEN__PORT=str(listening), LISTEN__HOST="127.0.0.1", LISTEN__PER_ADDRESS="5000",
            LISTEN__CONNECTIONS="5000", LISTEN__MESSAGES_PER_SECOND="100000", LISTEN__KB_PER_SECOND="100000",
            POLL__INTERVAL="1", LOG__LEVEL="WARNING", **settings,
        )  # fmt: skip
        bridge.start()
        try:
            await until(lambda: answers(bridge))
            await asyncio.sleep(arguments.quiet)
            page = Page(bridge.port)
            quiet_s = lateness(page, None)
            before, cpu_before = page, cpu_s(bridge.process.pid)
            started_s = time.monotonic()
            await asyncio.gather(*(call(caller, listening, random.Random(n)) for n, caller in enumerate(everybody)))
            took_s = time.monotonic() - started_s
            used_s = cpu_s(bridge.process.pid) - cpu_before
            await asyncio.sleep(1.5)
            after = Page(bridge.port)
            figures = counted(bridge)
            peak_mb = memory_mb(bridge.process.pid, "VmHWM")
        finally:
            bridge.kill()  # and no farewell: what was taken is on disk
        rows = on_disk(bridge)
    wanted = sum((caller.expected for caller in everybody), Counter())
    missing = {caller.name: lost for caller in callers if (lost := caller.stored - rows.get(caller.name, set()))}
    sent = sum(len(caller.sent) for caller in everybody)
    print(
        f"{sent} messages at {len(everybody)} connections: {took_s:.1f} s, {wanted['stored'] / took_s:.0f} stored a "
        f"second, {1000 * used_s / wanted['stored']:.2f} ms CPU each"
    )
    print(f"expected {dict(wanted)}")
    print(f"counted  {figures}")
    print(f"missing on disk: {missing or 'none'}; too many: {sum(map(len, rows.values())) - wanted['stored']}")
    print(f"memory at its highest {peak_mb:.0f} MB; polled meters late, 99 %: {quiet_s} s before,"
          f" {lateness(after, before)} s during")  # fmt: skip


def polled_meter(port: int) -> dict[str, str]:
    """Return the settings of a meter that is read."""
    return {"HOST": "127.0.0.1", "PORT": str(port), "FRAMING": "wrapper", "PASSWORD": "12345678",
            "CLIENT": "1", "AUTHENTICATION": "low", "PROFILE": "microstar"}  # fmt: skip


def lateness(page: Page, before: Page | None) -> float:
    """Return how late 99 % of the cycles were at most, seconds."""
    return quantile(before.buckets(LATENESS) if before else {}, page.buckets(LATENESS), 0.99)


def answers(bridge: BridgeProcess) -> bool:
    """Whether it serves its pages; says its log where it ended."""
    if bridge.process is None or bridge.process.poll() is not None:
        raise RuntimeError(bridge.lines())
    try:
        return "dlms_listen_connections" in bridge.get("/metrics")
    except OSError:
        return False


def counted(bridge: BridgeProcess) -> dict[str, int]:
    """Return what the bridge counted, by result and reason."""
    found = {}
    for line in bridge.get("/metrics").splitlines():
        if line.startswith(("dlms_listen_messages_total{", "dlms_listen_refused_total{")):
            labels, _, value = line.partition("} ")
            if float(value):
                found[labels.partition('"')[2].rstrip('"')] = int(float(value))
    return found


def on_disk(bridge: BridgeProcess) -> dict[str, set[int]]:
    """Return the seconds of the samples in the outbox, by meter."""
    database = sqlite3.connect(bridge.data / "outbox.db")
    rows: dict[str, set[int]] = {}
    for meter, ts_ms in database.execute("SELECT meter, ts_ms FROM samples WHERE meter LIKE 'p%'"):
        rows.setdefault(meter, set()).add(ts_ms // 1000)
    database.close()
    return rows


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(holds):
        if time.monotonic() > deadline_s:
            raise TimeoutError
        await asyncio.sleep(0.1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10, help="of each meter (default: %(default)s)")
    parser.add_argument(
        "--polled", type=int, default=20, help="meters that are read each second (default: %(default)s)"
    )
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds before the pushes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(arguments, Path(name)))


if __name__ == "__main__":
    main()
