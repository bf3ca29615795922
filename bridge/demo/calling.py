"""The demo meter as the one who calls: it pushes to a listener, or opens the connection over which it is then read."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from bridge.demo.serving import answer_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.demo.meter import MeterServer
    from bridge.demo.pushing import PushingMeter
    from bridge.dlms.framing import Framing

Address = tuple[str, int]


async def push_forever(
    to: Address, meter: PushingMeter, *, every_s: float, clock: Callable[[], float] = time.time
) -> None:
    """Push a notification every ``every_s`` seconds over one connection, which is opened anew where it broke.

    What could not be sent is lost, as with a meter that keeps nothing.
    """
    while True:
        try:
            reader, writer = await asyncio.open_connection(*to)
            try:
                while not reader.at_eof():
                    for frame in meter.message(clock()):
                        writer.write(frame)
                    await writer.drain()
                    await asyncio.sleep(every_s)
            finally:
                writer.close()
        except OSError as error:
            _say(f"cannot push to {to[0]}:{to[1]}: {error.strerror or error}")
            await asyncio.sleep(every_s)


async def dial_in_forever(
    to: Address,
    meters: Sequence[Callable[[], MeterServer]],
    *,
    framing: Framing,
    says: bytes = b"",
    every_s: float,
) -> None:
    """Call, say who it is, and answer on that connection until it ends; then wait and call again.

    Args:
        to: whom to call.
        meters: make the meters' sides of a connection.
        framing: as the meters'.
        says: what the modem sends first; empty for nothing.
        every_s: seconds from the end of a call to the next one.
    """
    while True:
        try:
            reader, writer = await asyncio.open_connection(*to)
            writer.write(says)
            await answer_on(reader, writer, framing=framing, meters=meters)
        except OSError as error:
            _say(f"cannot call {to[0]}:{to[1]}: {error.strerror or error}")
        await asyncio.sleep(every_s)


def _say(text: str) -> None:
    sys.stderr.write(f"demo-meter: {text}\n")
    sys.stderr.flush()
