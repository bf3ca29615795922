"""What a meter tells about itself once associated: names, clock, objects, registers, round trip, lists.

Only reads. A refused attribute is a fact like any other; only losing the association ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Literal

from bridge.cli.probe.history_search import find_histories
from bridge.cli.register_reading import RegisterReader, RegisterReading
from bridge.clock.machine import wall_s
from bridge.dlms.cosem_classes import CLOCK, DATA, WITH_SCALER
from bridge.errors import AssociationError, DecodeError, LinkError, MeterError, ReplyTimeout
from bridge.meters.clock_offset import drift_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.cli.load_profile_text import FoundHistory
    from bridge.cli.visit import Visit
    from bridge.dlms.association_opening import Agreement
    from bridge.dlms.object_list import CosemObject
    from bridge.sample import Scalar

NAME = "0.0.42.0.0.255"
_SERIALS = ("0.0.96.1.0.255", "1.0.0.0.0.255")
_FIRMWARES = ("1.0.0.2.0.255", "0.0.0.2.0.255", "1.1.0.2.0.255")
_CLOCK = "0.0.1.0.0.255"
MOST_REGISTERS = 150
"""At most this many registers are read; a meter with more has billing periods among them."""

_ITEM_BYTES, _MOST_IN_LIST = 10, 10

Lists = Literal["works", "fails", "not-offered", "unknown"]


@dataclass(slots=True)
class MeterFacts:
    """What was found out; what a meter does not say stays empty."""

    agreed: Agreement | None = None
    name: str = ""
    serial: str = ""
    firmware: str = ""
    clock: str = ""
    clock_drift_s: float | None = None
    shows_objects: bool = False
    objects: Sequence[CosemObject] = ()
    registers: list[RegisterReading] = field(default_factory=list)
    silent: list[tuple[int, str]] = field(default_factory=list)
    """Class and logical name of what gave no answer, twice, or one that makes no sense: whoever asks loses time, or the
    association."""
    histories: list[FoundHistory] = field(default_factory=list)
    """Its load profiles and event logs."""
    left_out: int = 0
    """Registers that are there and were not read."""
    lists: Lists = "unknown"
    list_took_s: float = 0.0
    list_count: int = 0
    """So many were asked for at once."""
    ended_by: MeterError | None = None
    """What ended it before its time."""
    trips_s: list[float] = field(default_factory=list)

    @property
    def round_trip_s(self) -> float:
        """The median of the single reads; 0 when there were none."""
        return median(self.trips_s) if self.trips_s else 0.0

    @property
    def answered(self) -> list[RegisterReading]:
        """The registers that gave a value."""
        return [one for one in self.registers if one.value is not None]


async def gather_facts(
    talk: Visit,
    tell: Callable[[int, int], None],
    guesses: Sequence[tuple[int, str]],
    *,
    try_lists: bool = True,
    clock_s: Callable[[], float] = wall_s,
) -> MeterFacts:
    """Read everything; the association stands.

    Args:
        talk: the association.
        tell: is told how many registers are read, and of how many, for a progress bar.
        guesses: class and logical name of registers to try where the meter does not show its object list.
        try_lists: whether to try GET-WITH-LIST, a service of logical names.
        clock_s: Unix seconds, to compare the meter's clock with.
    """
    facts = MeterFacts(agreed=talk.session.agreed)
    gathering = _Gathering(talk, facts)
    try:
        await gathering.object_list()
        await gathering.name()
        wanted = [(one.class_id, one.logical_name) for one in facts.objects if one.class_id in WITH_SCALER]
        wanted = wanted if facts.shows_objects else list(guesses)
        facts.left_out = max(0, len(wanted) - MOST_REGISTERS)
        wanted = _usual_first(wanted)[:MOST_REGISTERS]
        for done, (class_id, logical_name) in enumerate(wanted):
            tell(done, len(wanted))
            await gathering.register(class_id, logical_name)
        tell(len(wanted), len(wanted))
        # Read last: some meters fall silent when asked for what they do not have.
        await gathering.identity(clock_s)
        if facts.answered:
            shown = facts.objects if facts.shows_objects else None
            facts.histories = await find_histories(talk, gathering.asking, shown, now_ms=round(clock_s() * 1000))
        if try_lists:
            await gathering.try_list()
    except MeterError as error:
        facts.ended_by = error
    return facts


class _Gathering:
    def __init__(self, talk: Visit, facts: MeterFacts) -> None:
        self._talk = talk
        self._facts = facts
        self._there: set[tuple[int, str]] = set()
        self.asking = RegisterReader(talk)

    async def object_list(self) -> None:
        try:
            self._facts.objects = await self._talk.carry(self._talk.session.objects())
        except (AssociationError, DecodeError):
            return  # many clients may not see it; what is usual is tried instead
        except (ReplyTimeout, LinkError) as loss:
            await self.asking.again_after(loss)
            return
        self._facts.shows_objects = True
        self._there = {(one.class_id, one.logical_name) for one in self._facts.objects}

    async def name(self) -> None:
        self._facts.name = await self._first_text((NAME,))

    async def identity(self, clock_s: Callable[[], float]) -> None:
        facts = self._facts
        facts.serial = await self._first_text(_SERIALS)
        facts.firmware = await self._first_text(_FIRMWARES)
        asked_s = clock_s()
        stated, quality = await self._value(CLOCK, _CLOCK)
        if isinstance(stated, str):
            facts.clock = stated
            facts.clock_drift_s = drift_s(stated, asked_s, quality)

    async def register(self, class_id: int, logical_name: str) -> None:
        facts = self._facts
        read = await self.asking.read(class_id, logical_name)
        if read.is_lost:
            facts.silent.append((class_id, logical_name))
        elif read.took_s:
            facts.trips_s.append(read.took_s)
        # If the meter does not show its objects, a register that it refuses was only a guess.
        if not read.refusal or read.is_lost or facts.shows_objects:
            facts.registers.append(read)

    async def try_list(self) -> None:
        """Ask for two attributes at once, last of all: a meter that cannot do it may end the association."""
        facts = self._facts
        if facts.agreed is None or not facts.agreed.lists:
            facts.lists = "not-offered"
            return
        room = max(2, min(_MOST_IN_LIST, (facts.agreed.max_pdu_bytes - 4) // _ITEM_BYTES))
        some = [(one.class_id, one.logical_name, 2) for one in facts.answered[:room]] or [(DATA, NAME, 2)]
        some = some * 2 if len(some) == 1 else some
        try:
            results = await self._talk.carry(self._talk.session.get_list(some))
        except (AssociationError, DecodeError, ReplyTimeout, LinkError):
            facts.lists = "fails"
            return
        facts.list_took_s, facts.list_count = self._talk.took_s, len(some)
        facts.lists = "fails" if all(result.refusal for result in results) else "works"

    async def _first_text(self, names: Sequence[str]) -> str:
        for name in names:
            value, _ = await self._value(DATA, name)
            if value is not None and str(value).strip():
                return str(value).strip()
        return ""

    async def _value(self, class_id: int, logical_name: str) -> tuple[Scalar | None, str]:
        """Return the attribute 2 of an object and what is to be said against it; nothing for what is not there."""
        if self._facts.shows_objects and (class_id, logical_name) not in self._there:
            return None, ""
        read = await self.asking.read(class_id, logical_name)
        if read.is_lost:
            self._facts.silent.append((class_id, logical_name))
        elif read.took_s:
            self._facts.trips_s.append(read.took_s)
        return read.value, read.note


def _usual_first(wanted: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the registers with those of the present before those of past billing periods (group F)."""
    return sorted(wanted, key=lambda one: not one[1].endswith(".255"))
