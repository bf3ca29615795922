"""The other side of a swarm: a plant of demo meters, and the double of ThingsBoard, as one process of their own.

    python -m tests.swarm.plant --host 198.18.0.9 --meters 6 --shards 3 --folder PATH

Meter n listens on port 4000 + n, ThingsBoard on 1883. What they see is written to two files of the folder, a line each
time, and nothing else: ``meters`` (who spoke to which meter, when) and ``stored`` (what ThingsBoard has). The machines
of the swarm show themselves to the meters by their own addresses, since Docker's network translates the containers'.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from bridge.demo import Faults, MeterMemory, MeterServer, serve
from tests.fakes.thingsboard import ThingsBoard

TOKEN = "the-token-of-shard-"
"""Followed by the shard's number."""
FIRST_PORT = 4001
DAYS = 1
"""So far the meters' load profiles reach back."""


class _Stored(ThingsBoard):
    """ThingsBoard, with a line for every row that reached its database."""

    def __init__(self, lines: TextIO, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._lines = lines

    def stored(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        super().stored(device, rows)
        for ts_ms, values in rows:
            self._lines.write(json.dumps([time.monotonic(), device, ts_ms, sorted(values)]) + "\n")


async def _listened(meter: int, port: int, lines: TextIO, reader: asyncio.StreamReader, writer: Any) -> None:
    """Hand bytes between a client and the meter behind it, with a line for each time that the client says something."""
    peer = writer.get_extra_info("peername")
    connection = f"{peer[0]}:{peer[1]}"

    def note(what: str) -> None:
        lines.write(json.dumps([time.monotonic(), meter, connection, what]) + "\n")

    note("open")
    theirs, ours = await asyncio.open_connection("127.0.0.1", port)

    async def answers() -> None:
        while data := await theirs.read(65536):
            writer.write(data)
        writer.close()

    answering = asyncio.create_task(answers())
    try:
        while data := await reader.read(65536):
            note("question")
            ours.write(data)
    except ConnectionError:
        pass
    finally:
        note("closed")
        ours.close()
        answering.cancel()
        writer.close()


async def _run(host: str, meters: int, shards: int, folder: Path) -> None:
    with (folder / "meters").open("a", buffering=1) as spoken, (folder / "stored").open("a", buffering=1) as stored:
        servers = []
        for meter in range(1, meters + 1):
            faults, memory = Faults({"profile-days": str(DAYS)}), MeterMemory()
            make = partial(MeterServer, framing="wrapper", faults=faults, memory=memory)
            server = await serve(framing="wrapper", meter=make)
            port = server.sockets[0].getsockname()[1]
            listened = partial(_listened, meter, port, spoken)
            servers += [server, await asyncio.start_server(listened, host, FIRST_PORT + meter - 1)]
        thingsboard = _Stored(stored, host=host, port=1883)
        for shard in range(1, shards + 1):
            thingsboard.model.add_gateway(f"shard {shard}", f"{TOKEN}{shard}")
        async with thingsboard:
            (folder / "ready").touch()
            await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--meters", type=int, required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.host, arguments.meters, arguments.shards, arguments.folder))


if __name__ == "__main__":
    main()
