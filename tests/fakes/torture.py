"""A line that tortures: a proxy before any meter, which cuts its answers into frames and does with them what lines do.

    async with TortureProxy(port, "wrapper", "late", rng=Random(1)) as line:
        ...  # read the meter at line.port; line.calm = True ends the torture

It bends nothing within a frame: what a check sequence must catch, the fuzzing bends. A careful client can tell all that
it does; where answers have no number at all, what comes twice comes at once.
"""

import asyncio
import socket
import struct
from contextlib import suppress

from bridge.dlms.framing import framer

FAULTS = {
    "bytes": "each byte by itself",
    "delay": "answers that take their time, within the timeout",
    "late": "answers that come after their timeout, perhaps when something else is asked",
    "doubled": "answers that come twice, at once or a moment later",
    "lost": "answers that do not come",
    "fin": "the connection closed in the middle of a frame",
    "rst": "the connection reset in the middle of a frame",
    "garbage": "bytes between frames",
    "text": "lines of text between frames, and before the first",
    "telnet": "a Telnet negotiation before the first frame",
    "echo": "the request in front of the answer",
    "others": "answers to another client, of another session, in between",
}
_TELNET = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00"
_TEXT = (b"+++ registration 359315071234567\r\n", b"NO CARRIER\r\n", b"OK\r\n")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


CHANCES = {"bytes": 0.2, "delay": 0.1, "fin": 0.02, "rst": 0.02, "late": 0.03, "lost": 0.03}
"""For each answer; those that cost a timeout or a connection strike less often. 0.2 for the others."""


class TortureProxy:
    """The line.

    Args:
        meter_port: where the meter listens, on loopback.
        framing: ``hdlc`` or ``wrapper``.
        fault: one of :data:`FAULTS`.
        rng: of all chances.
        chance: for each answer.
        timeout_s: of whoever reads the meter: what is late comes after it.
        copies_later: whether what comes twice may come a moment later: not where answers have no number at all.
    """

    def __init__(self, meter_port, framing, fault, *, rng, chance=0.1, timeout_s=0.05, copies_later=True):
        self._meter_port = meter_port
        self._framing = framing
        self._fault = fault
        self._rng = rng
        self._chance = chance
        self._timeout_s = timeout_s
        self._copies_later = copies_later
        self._tasks = set()
        self.calm = False
        self.struck = 0
        self.connections = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, reader, writer):
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader, writer):
        self.connections += 1
        try:
            meter_reader, meter_writer = await asyncio.open_connection("127.0.0.1", self._meter_port)
        except OSError:
            writer.close()
            return
        connection = _Connection(self, writer)
        connection.greet()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(connection.ask(reader, meter_writer))
                both.create_task(connection.answer(meter_reader, framer(self._framing)))
        except* (ConnectionError, _End):
            pass
        finally:
            connection.end()
            for each in (writer, meter_writer):
                each.close()

    def strikes(self, chance=None):
        if self.calm or self._rng.random() >= (self._chance if chance is None else chance):
            return False
        self.struck += 1
        return True


class _End(Exception):  # noqa: N818 - no failure
    """One side has closed."""


class _Connection:
    def __init__(self, line, writer):
        self._line = line
        self._writer = writer
        self._request = b""
        self._later = []

    def greet(self):
        fault = self._line._fault
        if fault in ("telnet", "text") and self._line.strikes(0.5):
            self._writer.write(_TELNET if fault == "telnet" else _TEXT[0])

    async def ask(self, reader, meter_writer):
        while data := await reader.read(1 << 16):
            self._request = data
            meter_writer.write(data)
            await meter_writer.drain()
        raise _End

    async def answer(self, meter_reader, cutter):
        while data := await meter_reader.read(1 << 16):
            for frame in cutter.feed(data):
                if self._line.strikes():
                    await getattr(self, f"_{self._line._fault}")(frame)
                else:
                    self._writer.write(frame)
                await self._writer.drain()
        raise _End

    def end(self):
        for timer in self._later:
            timer.cancel()

    def _after(self, seconds, data):
        def write():
            if not self._line.calm:  # what is calm holds nothing back from before
                with suppress(OSError, RuntimeError):
                    self._writer.write(data)

        self._later = [timer for timer in self._later if not timer.cancelled()][-50:]
        self._later.append(asyncio.get_running_loop().call_later(seconds, write))

    async def _bytes(self, frame):
        for octet in frame:
            self._writer.write(bytes((octet,)))
            await asyncio.sleep(0)

    async def _delay(self, frame):
        await asyncio.sleep(self._line._timeout_s * self._line._rng.uniform(0, 0.4))
        self._writer.write(frame)

    async def _late(self, frame):
        late_s = self._line._timeout_s * self._line._rng.uniform(1.2, 3.5)
        if self._line._framing == "hdlc":  # a serial line keeps the order; behind a gateway answers may overtake
            await asyncio.sleep(late_s)
            self._writer.write(frame)
        else:
            self._after(late_s, frame)

    async def _doubled(self, frame):
        if self._line._copies_later and self._line._rng.random() < 0.5:
            self._writer.write(frame)
            self._after(self._line._rng.uniform(0, 0.001), frame)
        else:
            self._writer.write(frame + frame)

    async def _lost(self, frame):
        del frame

    async def _fin(self, frame):
        self._writer.write(frame[: self._line._rng.randrange(1, len(frame))])
        await self._writer.drain()
        raise _End

    async def _rst(self, frame):
        self._writer.write(frame[: self._line._rng.randrange(1, len(frame))])
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise _End

    async def _garbage(self, frame):
        rng = self._line._rng
        some = bytes(rng.randrange(2, 0x7E) for _ in range(rng.randrange(1, 20)))  # begins no frame by itself
        self._writer.write(rng.choice((some + frame, frame + some)))

    async def _text(self, frame):
        self._writer.write(self._line._rng.choice(_TEXT) + frame)

    async def _telnet(self, frame):
        self._writer.write(_TELNET + frame)

    async def _echo(self, frame):
        self._writer.write(self._request + frame)

    async def _others(self, frame):
        self._writer.write(self._to_another(frame) + frame)

    def _to_another(self, frame):
        """Return an answer as another client of the same meter had it: the same, but for whom it is for."""
        if self._line._framing == "wrapper":
            return frame[:4] + b"\x00\x63" + frame[6:]
        from bridge.demo.hdlc import build, parse  # noqa: PLC0415 - HDLC alone needs it

        header = parse(frame)
        return build(b"\xc7", header.source, header.control, header.information, segmented=header.segmented)
