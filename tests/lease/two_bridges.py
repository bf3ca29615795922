"""Two bridges of one shard and three witnesses as processes on loopback, and a meter that notes who speaks to it.

The bridges reach the meter at two addresses of its, so that it can tell them apart; and each its witnesses by relays of
its own, which can be cut.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from itertools import pairwise

from bridge.demo import DEMO_PASSWORD, MeterServer, serve
from bridge.lease.datagrams import WitnessAddress
from bridge.lease.wire import WitnessQuestion
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.ports import free_port

SECRET = "no secret but the test's"
NAMES = ("one", "two")


class Relay(asyncio.DatagramProtocol):
    """One bridge's way to one witness."""

    def __init__(self, witness_port):
        self.witness_port = witness_port
        self.is_cut = False
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if not self.is_cut:
            asyncio.get_running_loop().create_task(self._pass_on(data, addr))

    async def _pass_on(self, data, addr):
        answered = asyncio.get_running_loop().create_future()

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                if not answered.done():
                    answered.set_result(data)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Back, remote_addr=("127.0.0.1", self.witness_port)
        )
        transport.sendto(data)
        try:
            async with asyncio.timeout(5):
                answer = await answered
            if not self.is_cut:
                self.transport.sendto(answer, addr)
        except TimeoutError:
            pass
        finally:
            transport.close()


class Shard:
    """All of it. Use as a context.

    Args:
        folder: for data and logs.
        lease_s: the length of the lease.
    """

    def __init__(self, folder, lease_s):
        self.folder, self.lease_s = folder, lease_s
        self.heard = []
        """(monotonic seconds, which bridge, "connection" or "request")"""
        self.witness_ports = [free_port() for _ in range(3)]
        self.witnesses = [None] * 3
        self.relays = {}
        self.bridges = {}
        self._open = []

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        for number in range(3):
            self.start_witness(number)
        return self

    def __exit__(self, *_):
        for bridge in self.bridges.values():
            bridge.process.send_signal(signal.SIGCONT)
            bridge.kill()
        for witness in self.witnesses:
            witness.send_signal(signal.SIGCONT)
            witness.kill()
            witness.wait()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self):
        for one in self._open:
            one.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def start_witness(self, number):
        with (self.folder / f"witness{number}").open("a") as log:
            self.witnesses[number] = subprocess.Popen(
                [sys.executable, "-m", "bridge", "witness", "--host", "127.0.0.1", "--port",
                 str(self.witness_ports[number])],
                env={
                    "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path),
                    "SHARD__SECRET": SECRET, "SHARD__LEASE": str(self.lease_s),
                },
                stdout=log, stderr=log,
            )  # fmt: skip

    def until_witness_answers(self, number):
        witness = WitnessAddress("127.0.0.1", self.witness_ports[number], SECRET.encode())
        deadline_s = time.monotonic() + 30
        while asyncio.run(witness.put(WitnessQuestion("look", 1, "", 0.0, "nonce"), 1.0)) is None:
            assert time.monotonic() < deadline_s

    def start(self, name, **environ):
        """Start the bridge of that name, and what is around it."""
        ports = asyncio.run_coroutine_threadsafe(self._around(name), self._loop).result(10)
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self.bridges[name] = BridgeProcess(
            folder,
            None,
            METERS__MAIN__HOST="127.0.0.1",
            METERS__MAIN__PORT=str(ports[0]),
            METERS__MAIN__PROFILE="microstar",
            METERS__MAIN__PASSWORD=DEMO_PASSWORD,
            SHARD__NODE=name,
            SHARD__SECRET=SECRET,
            SHARD__LEASE=str(self.lease_s),
            SHARD__WITNESSES=",".join(f"127.0.0.1:{port}" for port in ports[1:]),
            **environ,
        )
        self.bridges[name].start()
        return self.bridges[name]

    async def _around(self, name):
        shard = self

        class Heard(MeterServer):
            def __init__(self, **arguments):
                super().__init__(**arguments)
                shard.heard.append((time.monotonic(), name, "connection"))

            def frames(self, frame):
                shard.heard.append((time.monotonic(), name, "request"))
                return super().frames(frame)

        meter = await serve(framing="hdlc", meter=partial(Heard, framing="hdlc"))
        self._open.append(meter)
        ports = [meter.sockets[0].getsockname()[1]]
        for number, witness_port in enumerate(self.witness_ports):
            transport, relay = await asyncio.get_running_loop().create_datagram_endpoint(
                partial(Relay, witness_port), local_addr=("127.0.0.1", 0)
            )
            self.relays[name, number] = relay
            self._open.append(transport)
            ports.append(transport.get_extra_info("sockname")[1])
        return ports

    def cut(self, name, *, is_cut=True):
        """Cut the bridge's way to two of the witnesses."""
        for number in range(2):
            self.relays[name, number].is_cut = is_cut

    def requests(self, name, since_s=0.0):
        return [at_s for at_s, who, what in list(self.heard) if who == name and what == "request" and at_s > since_s]

    def until_read_by(self, name, since_s=0.0, timeout_s=60):
        """Wait until that bridge has read the meter several times; return when it began."""
        deadline_s = time.monotonic() + timeout_s
        while len(self.requests(name, since_s)) < 20:
            assert time.monotonic() < deadline_s, self.bridges[name].lines()
            time.sleep(0.05)
        return self.requests(name, since_s)[0]

    def changes_of_hands(self):
        """Return (from, to, seconds of silence) for each."""
        heard = list(self.heard)
        return [(was, now, at_s - before_s) for (before_s, was, _), (at_s, now, _) in pairwise(heard) if was != now]
