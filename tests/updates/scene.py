"""One site for the bridge that wrote the data and for the one that takes it over: meters, broker, ThingsBoard.

Ports are fixed, since the data speak of them: a sample knows for which server it was accepted, a refused password by
which meter. They are below those that a system gives out by itself, and one run at a time has them.

    main    HDLC, a password
    hall    wrapper, ciphered: its invocation counters must go on
    gate    refuses its password: it must not be sent again
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bridge.demo import DEMO_PASSWORD, PUBLIC_CLIENT, Client, Keys, MeterMemory, MeterServer, serve
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.ports import in_turn
from tests.fakes.thingsboard import Behaviour, ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parents[2]
TURN_PORT = 18830
UPSTREAM_PORT, MAIN_PORT, HALL_PORT, GATE_PORT = 18831, 18841, 18842, 18843
DEVICES = {"main": "main", "hall": "Hall 3, north"}
KEYS = Keys(encryption_key=bytes(range(16)), authentication_key=bytes(range(208, 224)))
THINGSBOARD = {
    "THINGSBOARD__HOST": "127.0.0.1",
    "THINGSBOARD__PORT": str(UPSTREAM_PORT),
    "THINGSBOARD__PROVISION_KEY": "KEY",
    "THINGSBOARD__PROVISION_SECRET": "SECRET",
}
METERS = {
    "METERS__MAIN__HOST": "127.0.0.1",
    "METERS__MAIN__PORT": str(MAIN_PORT),
    "METERS__MAIN__PROFILE": "microstar",
    "METERS__MAIN__PASSWORD": DEMO_PASSWORD,
    "METERS__HALL__HOST": "127.0.0.1",
    "METERS__HALL__PORT": str(HALL_PORT),
    "METERS__HALL__PROFILE": "single_phase",
    "METERS__HALL__FRAMING": "wrapper",
    "METERS__HALL__CLIENT": "1",
    "METERS__HALL__AUTHENTICATION": "none",
    "METERS__HALL__SECURITY": "authenticated-encryption",
    "METERS__HALL__ENCRYPTION_KEY": KEYS.encryption_key.hex(),
    "METERS__HALL__AUTHENTICATION_KEY": KEYS.authentication_key.hex(),
    "METERS__HALL__DEVICE": DEVICES["hall"],
    "METERS__GATE__HOST": "127.0.0.1",
    "METERS__GATE__PORT": str(GATE_PORT),
    "METERS__GATE__PROFILE": "microstar",
    "METERS__GATE__PASSWORD": "surely-wrong",
}


class Site:
    """The meters, and what is around the bridge. ``async with`` starts the meters and ends everything.

    Args:
        folder: empty.
        token: what ThingsBoard knows its gateway by; None for one that it gives by provisioning.
        older: the checkout whose bridge and broker these are; None for this one's.
    """

    def __init__(self, folder: Path, *, token: str | None = None, older: Path | None = None) -> None:
        self._turn = in_turn(TURN_PORT)
        self.memories = {name: MeterMemory(lock_after=0) for name in ("main", "hall", "gate")}
        """What each meter remembers of whoever asked it."""
        broker = folder / "broker"
        broker.mkdir()
        self.broker = MosquittoContainer(broker, (older or HERE) / "mosquitto")
        self.upstream = ThingsBoard(Behaviour(token=token or Behaviour.token), port=UPSTREAM_PORT)
        self.bridge = BridgeProcess(folder, None, LOG__LEVEL="DEBUG", **THINGSBOARD, **METERS)
        self.bridge.data.mkdir(exist_ok=True)
        if older is not None:
            self.bridge.python = str(older / ".venv" / "bin" / "python")
            self.bridge.environ |= {"PYTHONPATH": str(older), "PYTHONSAFEPATH": "1"}  # not the folder that we are in
        self.broker.token.symlink_to(self.bridge.data / "thingsboard.token")
        self._ends = AsyncExitStack()

    async def __aenter__(self) -> Self:
        sealed = partial(
            MeterServer, framing="wrapper", kind="single_phase", keys=KEYS, memory=self.memories["hall"],
            clients=(Client(1, security="authenticated-encryption"), PUBLIC_CLIENT),
        )  # fmt: skip
        main = partial(MeterServer, memory=self.memories["main"])
        gate = partial(MeterServer, password="another", memory=self.memories["gate"])
        for port, framing, meter in (
            (MAIN_PORT, "hdlc", main), (HALL_PORT, "wrapper", sealed), (GATE_PORT, "hdlc", gate),
        ):  # fmt: skip
            server = await serve(port=port, framing=framing, meter=meter)
            self._ends.callback(server.close)
        self._ends.callback(self.broker.stop)
        self._ends.callback(self.bridge.kill)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._ends.aclose()
            await self.upstream.stop()
        finally:
            self._turn.close()

    async def until(self, holds: Callable[[], bool], timeout_s: float = 60) -> None:
        """Wait until ``holds()``; a broker that ended is started again, as Docker does."""
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        while not holds():
            said = self.bridge.lines()
            assert asyncio.get_running_loop().time() < deadline_s, said
            assert self.bridge.process.poll() is None, said
            if "BROKER__HOST" in self.bridge.environ and not self.broker.is_running:
                self.start_broker()
            await asyncio.sleep(0.1)

    def start_broker(self) -> None:
        """Start the broker with ThingsBoard above it; its credentials are made at the first start."""
        self.broker.start(**THINGSBOARD)
        self.bridge.environ |= {
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(self.broker.port),
            "BROKER__CREDENTIALS_FILE": str(self.broker.credentials_file),
        }


def rows_in(data: Path, table: str = "samples") -> dict[tuple[str, int], dict]:
    """What lies in the outbox, values by meter and time stamp. Of a copy: a bridge that runs holds the file's lock."""
    with tempfile.TemporaryDirectory() as folder:
        for file in data.glob("outbox.db*"):
            (Path(folder) / file.name).write_bytes(file.read_bytes())
        with closing(sqlite3.connect(Path(folder) / "outbox.db")) as database:
            rows = database.execute(f"SELECT meter, ts_ms, body FROM {table}").fetchall()  # noqa: S608 - one of two
    return {(meter, ts_ms): json.loads(body) for meter, ts_ms, body in rows}
