"""The doctor's one reading of a meter over a connection of our own. Keeps the frames; judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bridge.cli.visit import SecretHeldBackError, link_to, visit
from bridge.errors import MeterError

if TYPE_CHECKING:
    from bridge.cli.secret_attempts import SecretAttempts
    from bridge.configuration.meter import Meter
    from bridge.meters.counter_store import CounterStore


@dataclass(slots=True)
class SingleReading:
    """What came of it.

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

    def sent(self, data: bytes) -> None:
        """Keep what went out; see :class:`~bridge.meters.frame_watch.FrameWatch`."""
        self.frames.append(("->", data))

    def came(self, frame: bytes) -> None:
        """Keep what came back."""
        self.frames.append(("<-", frame))

    @property
    def heard(self) -> bool:
        """Whether any whole frame came back."""
        return any(direction == "<-" for direction, _ in self.frames)


async def read_once(
    meter: Meter, counters: CounterStore, attempts: SecretAttempts, *, connect_timeout_s: float
) -> SingleReading:
    """Visit ``meter`` and read its registers once.

    Never raises for what a meter does.

    Raises:
        SecretHeldBackError: its secret must not be sent now.
    """
    reading = SingleReading(meter.name, meter.secrets)
    began_s = time.perf_counter()
    link = link_to(meter, connect_timeout_s)
    try:
        async with visit(link, meter, counters=counters, attempts=attempts, watch=reading) as talk:
            await talk.carry(talk.session.compile())
            reading.associated = True
            first, *_ = await talk.carry(talk.session.read())
            reading.key = first.register.key
            reading.shown = f"{first.value} {first.unit}".strip()
    except SecretHeldBackError:
        raise
    except MeterError as error:
        reading.error = error
    finally:
        reading.opened = link.generation > 0
        reading.took_s = time.perf_counter() - began_s
    return reading
