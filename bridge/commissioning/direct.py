"""One attempt at one meter over a connection of our own: associate, read, release. Keeps the frames; judges nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bridge.errors import AssociationError, MeterError
from bridge.meters.hdlc import Hdlc
from bridge.meters.link import Link
from bridge.meters.session import Session
from bridge.meters.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.meters.conversation import Conversation
    from bridge.meters.keys import Counters
    from bridge.meters.meter import Meter
    from bridge.settings import Framing

_RELEASE_TIMEOUT_S, _RELEASE_PATIENCE_S = 1.5, 3.0  # an answer, all of it
_PUBLIC_CLIENT = 16
_HIGHEST_HDLC_CLIENT, _HIGHEST_PORT = 0x7F, 0xFFFF
_GET = bytes.fromhex("C001C1000F0000280000FF0100")
"""The name of the association, without one: an exception-response at least (IEC 62056-5-3, 7.3)."""
_AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1FFFFF")
"""An association of the public client without any secret (IEC 62056-5-3, annex D)."""


@dataclass(slots=True)
class Outcome:
    """What came of an attempt.

    Args:
        name: the meter's.
        secrets: what may stand in the frames and must not be shown.
        error: what ended it; None when a register was read.
        opened: whether the TCP connection stood.
        associated: whether the meter accepted the association.
        took_s: seconds for the whole.
        key: the register that was read.
        shown: its value with its unit.
        frames: what went out (``->``) and came back (``<-``), in order.
        session: that was tried; None when it could not be made.
    """

    name: str
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    error: MeterError | None = None
    opened: bool = False
    associated: bool = False
    took_s: float = 0.0
    key: str = ""
    shown: str = ""
    frames: list[tuple[Literal["->", "<-"], bytes]] = field(default_factory=list)
    session: Session | None = field(default=None, repr=False)

    def sent(self, data: bytes) -> None:
        """Keep what went out; see :class:`~bridge.meters.link.Watch`."""
        self.frames.append(("->", data))

    def came(self, frame: bytes) -> None:
        """Keep what came back."""
        self.frames.append(("<-", frame))

    @property
    def heard(self) -> bool:
        """Whether any whole frame came back."""
        return any(direction == "<-" for direction, _ in self.frames)


async def ask(meter: Meter, counters: Counters | None, *, connect_timeout_s: float) -> Outcome:
    """Associate with ``meter``, read its registers once and release it, whatever happens between.

    Never raises for what a meter does.
    """
    outcome = Outcome(meter.name, meter.secrets)
    began_s = time.perf_counter()
    link = _link(meter, meter.framing, connect_timeout_s)
    try:
        session = outcome.session = await asyncio.to_thread(_session, meter, counters)
        await link.open()
        outcome.opened = True
        try:
            await link.converse(session.associate(), meter.timeout_s, outcome)
            outcome.associated = True
            readings = await link.converse(session.read(), meter.timeout_s, outcome)
            outcome.key = readings[0].register.key
            outcome.shown = f"{readings[0].value} {readings[0].unit}".strip()
        except asyncio.CancelledError:
            session.agreed = None  # cut off in the middle, nothing stands that could be released but the data link
            raise
        finally:
            await _release(session, link)
    except MeterError as error:
        outcome.error = error
    finally:
        link.close()
        outcome.took_s = time.perf_counter() - began_s
    return outcome


async def _release(session: Session, link: Link) -> None:
    """Leave the meter free: one that allows one session stays closed to the next client until it is released."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_RELEASE_PATIENCE_S):
            for _ in range(2):  # when the association cannot be released, the data link is closed alone
                if link.is_open:
                    with suppress(MeterError):
                        await link.converse(session.release(), _RELEASE_TIMEOUT_S)
                        return


async def other_framing(meter: Meter, *, connect_timeout_s: float) -> Framing | None:
    """Return the framing that the meter answers in when asked without any secret, if it is not its configured one."""
    for framing, greeting in _greetings(meter):
        outcome = Outcome(meter.name)
        link = _link(meter, framing, connect_timeout_s)
        try:
            await link.open()
            await link.converse(greeting, meter.timeout_s, outcome)
        except (MeterError, ValueError):
            pass  # a refusal is an answer, too; silence leaves no frame
        finally:
            link.close()
        if outcome.heard:
            return framing
    return None


def _greetings(meter: Meter) -> Iterator[tuple[Framing, Conversation[object]]]:
    """Yield what a meter with another framing answers, be it by a refusal, and what counts as no attempt to get in."""
    if meter.framing == "wrapper":
        client = min(meter.client, _HIGHEST_HDLC_CLIENT)
        octets = meter.server_address_bytes
        yield "hdlc", Hdlc(client=client, server=meter.server, server_address_bytes=octets, retries=0).connect()
        return
    server = min(meter.server, _HIGHEST_PORT)
    yield "wrapper", Wrapper(client=meter.client, server=server).ask(_GET)
    yield "wrapper", Wrapper(client=_PUBLIC_CLIENT, server=server).ask(_AARQ)


def _session(meter: Meter, counters: Counters | None) -> Session:
    """Return a session with its invocation counter drawn from the disk, which may take its time."""
    try:
        titled = meter.titled(counters.system_title()) if counters is not None and meter.keys is not None else meter
    except (sqlite3.Error, OSError) as error:
        raise AssociationError(
            f"cannot be read: no invocation counter could be reserved on disk: {error}",
            hint="is the data volume full or read-only?",
        ) from error
    session = Session(titled, counters)
    if session.counter is not None:
        session.counter.reserve()
    return session


def _link(meter: Meter, framing: Framing, connect_timeout_s: float) -> Link:
    return Link(
        meter.host,
        meter.port,
        framing,
        connect_timeout_s=connect_timeout_s,
        frame_gap_s=meter.frame_gap_s,
        connecting=asyncio.Semaphore(1),
    )


def secret_of(meter: Meter) -> bytes:
    """Return what the meter could refuse and lock itself for: password and keys, one byte string for all of them."""
    return meter.secret
