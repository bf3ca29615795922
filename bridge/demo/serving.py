"""The demo meter on a TCP port: one meter, or several behind one port as behind an RS-485 converter."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Literal

from loguru import logger

from bridge.demo.faults import FALSE_VALUE, GREETING, REGISTRATION
from bridge.demo.hdlc import LLC_ANSWER, UI, build
from bridge.demo.line_faults import LineFaults, Reset, Send
from bridge.demo.meter import MeterServer
from bridge.demo.mode_e import ModeE
from bridge.dlms.framing import framer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.demo.line_faults import Act
    from bridge.dlms.framing import Framing

_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time at all


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    framing: Framing = "hdlc",
    meter: Callable[[], MeterServer] | Sequence[Callable[[], MeterServer]] = MeterServer,
) -> asyncio.Server:
    """Start a demo meter, or several, and return the server; close that to stop them.

    Args:
        host: address to listen on; loopback unless asked otherwise.
        port: TCP port; 0 takes any free one.
        framing: how frames stand in the stream; the same as the meters'.
        meter: makes the meter's side of a new connection; several share the connection and answer to their own
            addresses, one after another.

    Raises:
        OSError: the port is taken or not allowed.
    """
    makers = (meter,) if callable(meter) else tuple(meter)
    open_connections: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection([make() for make in makers], framing)
        first = not open_connections
        open_connections.add(writer)
        try:
            if first or not (manners := connection.one_session):
                await connection.serve(reader, writer)
            elif manners == "ignore":
                while await reader.read(4096):
                    pass
        except ConnectionError:
            logger.debug("demo meter | the client went away")
        except asyncio.CancelledError:
            pass  # the program ends; Python 3.11 would write a traceback for each connection
        finally:
            open_connections.discard(writer)
            writer.close()

    return await asyncio.start_server(converse, host, port)


async def answer_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    framing: Framing,
    meters: Sequence[Callable[[], MeterServer]],
) -> None:
    """Answer on a connection that the meter opened itself, until the other side ends it.

    Args:
        reader: of the connection.
        writer: of the connection; it is closed in the end.
        framing: as the meters'.
        meters: make the meters' sides.
    """
    try:
        await _Connection([make() for make in meters], framing).serve(reader, writer)
    finally:
        writer.close()


class _Connection:
    """One connection with the meters behind it."""

    def __init__(self, sides: list[MeterServer], framing: Framing) -> None:
        self._sides = sides
        self._kind: Literal["hdlc", "wrapper"] = "wrapper" if framing == "wrapper" else "hdlc"
        self._frames = framer(self._kind)
        self._opening = _mode_e(sides[0]) if framing == "hdlc-mode-e" else None
        self._lines = [LineFaults(side.faults) for side in sides]

    @property
    def one_session(self) -> str:
        """How a second connection is dealt with: ``refuse`` or ``ignore``; empty when it is served."""
        return next((side.faults.text("one-session") for side in self._sides if side.faults.has("one-session")), "")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        faults = self._sides[0].faults
        writer.write((GREETING if faults.has("telnet") else b"") + (REGISTRATION if faults.has("talks") else b""))
        if faults.has("pushes"):
            pushing = asyncio.create_task(_push(writer, float(faults.text("pushes"))))
            try:
                while await reader.read(4096):
                    pass
            finally:
                pushing.cancel()
        while data := await reader.read(4096):
            if self._opening is not None:
                answer, data = self._opening.feed(data)
                if answer:
                    writer.write(answer)
            for frame in self._frames.feed(data):
                await self._answer(frame, writer)
            await writer.drain()

    async def _answer(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        addressed = [n for n, side in enumerate(self._sides) if side.is_addressed(frame)]
        for n in addressed:
            answer = self._sides[n].answer(frame)
            await _perform(self._lines[n].acts(frame, framer(self._kind).feed(answer)), writer)
            if self._sides[n].faults.happens("closes"):
                writer.close()
                raise ConnectionAbortedError
        if not addressed:  # nobody answers, but a line that echoes does so all the same
            await _perform(self._lines[0].acts(frame, []), writer)


async def _perform(acts: list[Act], writer: asyncio.StreamWriter) -> None:
    for act in acts:
        if isinstance(act, Send):
            if writer.is_closing():  # the client left in between
                raise ConnectionResetError
            writer.write(act.data)
            await writer.drain()
        elif isinstance(act, Reset):
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            writer.transport.abort()
            raise ConnectionResetError
        else:
            await asyncio.sleep(act.seconds)


async def _push(writer: asyncio.StreamWriter, every_s: float) -> None:
    """Send what a customer port sends, until the client has gone."""
    notification = b"\x0f\x40\x00\x00\x00\x00\x02\x01\x06" + FALSE_VALUE.to_bytes(4)
    frame = build(b"\x41", b"\x08\x83", UI | 0x10, LLC_ANSWER + notification)
    while not writer.is_closing():
        writer.write(frame)
        await writer.drain()
        await asyncio.sleep(every_s)


def _mode_e(side: MeterServer) -> ModeE:
    name, serial = side.identity.logical_device_name, side.identity.serial_number
    return ModeE(name[:3], f"{name[3:]}", serial, programs=side.faults.has("mode-c"))
