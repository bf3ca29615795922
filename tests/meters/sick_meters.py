"""A process of demo meters for the soak: some always well, the others struck by faults at random, by a seed.

``python -m tests.meters.sick_meters '{"meters": […], "seed": 1}'`` prints its ports as JSON, takes the lines ``start``
and ``heal`` on standard input, answers each with a line, and ends with its input.
"""

import asyncio
import json
import random
import socket
import sys
from dataclasses import asdict, dataclass
from functools import partial

import uvloop
from loguru import logger

from bridge.demo import Faults, MeterMemory, MeterServer, serve
from tests.meters.plant import RAW

OBIS = sorted(RAW)


@dataclass(frozen=True)
class Spec:
    """One converter with its meters.

    number: of the first meter. count: how many are behind it. framing, ciphered: how they speak. sick: which of them
    (0, 1, 2 …) are struck by faults.
    """

    number: int
    count: int = 1
    framing: str = "hdlc"
    ciphered: bool = False
    sick: tuple[int, ...] = ()

    def plain(self):
        return asdict(self)


def load_of(number):
    """Every meter has a voltage of its own, so that a neighbour's value shows."""
    return lambda _: RAW | {"1.1.32.7.0.255": 10000 + number}


def illness(rng, spec):
    """Return one or two faults with their arguments; ``gone`` is the converter itself that goes away."""
    kinds = {
        "drop": rng.uniform(0.1, 0.5),
        "delay": rng.uniform(0.1, 2),
        "half-frames": rng.uniform(0.1, 0.5),
        "missing-last-byte": rng.uniform(0.1, 0.5),
        "echo": "",
        "late": rng.uniform(0.1, 0.5),
        "reset": rng.uniform(0.05, 0.3),
        "slow": rng.choice((1, 20, 200, 2000)),
        "garbage": rng.uniform(0.1, 0.5),
        "shared-flag": "",
        "split": "",
        "silent": 1,
        "refuse": [rng.choice(OBIS)],
        "lies-list": rng.choice(("exception", "garbage", "count", "error", "silent")),
        "clock-jump": 3600,
        "tiny-blocks": 16,
        "notify": rng.uniform(0.1, 0.5),
        "forgets": rng.uniform(0.05, 0.3),
        "exception": rng.uniform(0.05, 0.3),
        "nonsense": rng.uniform(0.1, 0.5),
        "one-session": rng.choice(("refuse", "ignore")),
    }
    if spec.ciphered:
        kinds["counter"] = rng.choice(("same", "low", "jump"))
    if spec.ciphered or spec.framing != "wrapper":
        kinds["corrupt"] = rng.uniform(0.1, 0.5)  # a plain wrapper has no check sequence: nobody could tell
    if spec.count == 1:
        kinds["gone"] = 1
    else:
        # What holds the line or ends the connection is everybody's trouble behind it, not one meter's.
        kinds["delay"] = rng.uniform(0.1, 0.8)
        for name in ("slow", "reset", "one-session"):
            del kinds[name]
    names = rng.sample(sorted(kinds), rng.choice((1, 1, 2)))
    return {name: kinds[name] for name in names}


class Converter:
    """The meters of one spec on a port, and their ups and downs."""

    def __init__(self, spec, rng):
        self.spec = spec
        self.port = 0
        self._rng = rng
        self._faults = [Faults(seed=rng.randrange(1 << 30)) for _ in range(spec.count)]
        security = {"security": "authenticated-encryption"} if spec.ciphered else {}
        self._makers = [
            partial(
                MeterServer,
                framing=spec.framing,
                server=1 + n,
                load=load_of(spec.number + n),
                memory=MeterMemory(),
                faults=self._faults[n],
                **security,
            )
            for n in range(spec.count)
        ]
        self._server = None
        self.struck = {}

    async def listen(self):
        self._server = await serve(port=self.port, framing=self.spec.framing, meter=self._makers)
        self.port = self._server.sockets[0].getsockname()[1]

    async def suffer(self):
        """Be well and ill by turns, until cancelled; well again in the end."""
        rng = self._rng
        try:
            while self.spec.sick:
                await asyncio.sleep(rng.uniform(1, 20))
                for n in self.spec.sick:
                    self._strike(n, illness(rng, self.spec))
                await asyncio.sleep(rng.uniform(5, 40))
                await self._recover()
        finally:
            await self._recover()

    def _strike(self, n, faults):
        for name in faults:
            self.struck[name] = self.struck.get(name, 0) + 1
        if faults.pop("gone", None):
            self._server.close()
            faults = {"reset": 1}
        self._faults[n]._arguments.update(Faults(faults)._arguments)

    async def _recover(self):
        for faults in self._faults:
            faults._arguments.clear()
        if not self._server.is_serving():
            await self.listen()


async def main():
    arguments = json.loads(sys.argv[1])
    rng = random.Random(arguments["seed"])
    converters = [Converter(Spec(**spec), random.Random(rng.random())) for spec in arguments["meters"]]
    for converter in converters:
        await converter.listen()
    print(json.dumps([converter.port for converter in converters]), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    suffering = []
    while line := (await reader.readline()).strip():
        if line == b"start":
            suffering = [asyncio.create_task(converter.suffer()) for converter in converters]
        else:
            for task in suffering:
                task.cancel()
            await asyncio.gather(*suffering, return_exceptions=True)
        struck = {}
        for converter in converters:
            for name, count in converter.struck.items():
                struck[name] = struck.get(name, 0) + count
        print(json.dumps(struck), flush=True)


if __name__ == "__main__":
    socket.setdefaulttimeout(None)
    logger.remove()
    uvloop.run(main())
