"""What to ask a meter each cycle: the profile compiled into the fewest requests that it takes. Sans-I/O.

Rules
    Scalers and units are read when the plan is compiled, once an association, and never within a cycle.
    Where multiple references were negotiated, registers go into GET-WITH-LIST requests, as many as fit one frame and
    the meter's PDU; else each has a request of its own.
    A meter that negotiates lists and cannot do them is read singly at once, and from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.errors import AccessError, AssociationError, DecodeError, ReplyTimeout, ServiceError
from bridge.meters import prepared
from bridge.meters.access import refusal_text
from bridge.meters.prepared import Attribute, Request, Result
from bridge.meters.units import unit_doubt, unit_text
from bridge.meters.values import interpret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.meters.conversation import Conversation
    from bridge.meters.profile import Register
    from bridge.meters.services import Services
    from bridge.sample import Scalar

_SCALER_ATTRIBUTE = {3: 3, 4: 3, 5: 4}
"""Where scaler_unit lies in Register, Extended register, Demand register (IEC 62056-6-2, 4.3.2 to 4.3.4)."""
_MOST_IN_LIST = 127  # the count stays one octet
_STRIKES = 2
"""So many associations lost at the first list, and the meter is read singly: it may just have been the line once."""
_SMALLEST_SCALER = -9  # below it a small value may have no decimals left, which is for values.py to say
_SCALER_UNKNOWN = "scaler unknown"


class Reading(NamedTuple):
    """What the meter said to one register: a value with its unit, what is to be said against it, or a refusal."""

    register: Register
    value: Scalar | None
    unit: str = ""
    refusal: str = ""
    quality: str = ""


class Planned(NamedTuple):
    """One register with what was learnt of it."""

    register: Register
    attribute: Attribute
    scaler: int = 0
    unit: str = ""
    doubt: str = ""
    divisor: int = 0
    """Ten to the power of ``-scaler`` where an integer needs no more than that; else 0."""


class Step(NamedTuple):
    """One request and the registers that it reads."""

    request: Request
    registers: tuple[Planned, ...]


class Plan:
    """How one meter's profile is read.

    Args:
        registers: what to read every cycle.
        attributes: what to read once an association.
        list_items: most registers in one GET-WITH-LIST; 0 never uses it.
    """

    __slots__ = (
        "_absent", "_attributes", "_limit", "_list_items", "_names", "_proven", "_registers", "_settled", "_steps",
        "_strikes", "_unwilling", "described", "is_incomplete",
    )  # fmt: skip

    def __init__(self, registers: Sequence[Register], attributes: Sequence[Register], *, list_items: int) -> None:
        self._registers = registers
        self._attributes = attributes
        self._list_items = min(list_items, _MOST_IN_LIST)
        self._limit = 1
        self._steps: tuple[Step, ...] = ()
        self._names: Mapping[bytes, int] | None = None
        self._absent: tuple[Reading, ...] = ()  # registers without a short name
        self._unwilling: set[Request] = set()  # requests that the meter answers with an exception
        self._settled = False  # whether a whole cycle was read since the plan was compiled
        self._proven = False
        self._strikes = 0
        self.described: dict[str, Scalar] = {}
        """What the meter said of itself when the plan was compiled: serial number, firmware; by key."""
        self.is_incomplete = False
        """Whether a scaler could not be read when the plan was compiled; perhaps it can be when it is compiled anew."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it."""
        return {one.register.key: one.unit for step in self._steps for one in step.registers if one.unit}

    @property
    def lies_about_lists(self) -> bool:
        """Whether the meter negotiated GET-WITH-LIST and did not keep it."""
        return self._strikes >= _STRIKES

    @property
    def round_trips(self) -> int:
        """Requests a cycle."""
        return len(self._steps)

    def compile(
        self, services: Services, *, lists: bool, max_pdu_bytes: int, short_names: Mapping[bytes, int] | None = None
    ) -> Conversation[None]:
        """Read scalers, units and attributes, and make the requests of a cycle.

        Args:
            services: the association.
            lists: whether multiple references were negotiated.
            max_pdu_bytes: longest PDU that the meter takes.
            short_names: base names by logical name, where short names are used.

        Raises:
            MeterError: as :meth:`~bridge.meters.services.Services.results`.
        """
        fits = (min(max_pdu_bytes, services.longest_request_bytes) - 4) // prepared.ITEM_BYTES
        self._limit = max(1, min(self._list_items, fits)) if lists and not self.lies_about_lists else 1
        self._unwilling, self._settled = set(), False
        self._names = names = short_names
        registers = [Planned(register, _attribute(register, register.attribute)) for register in self._registers]
        scaled = [one for one in registers if _scaler_attribute(one.register)]
        wanted = [_attribute(one.register, _scaler_attribute(one.register)) for one in scaled]
        wanted += [_attribute(register, register.attribute) for register in self._attributes]
        results = yield from self._read_once(services, wanted, names)
        found = {id(one): result for one, result in zip(scaled, results, strict=False)}
        planned = [_with_scaler(one, found[id(one)]) if id(one) in found else one for one in registers]
        self.described = _described(self._attributes, results[len(scaled) :])
        there = [one for one in planned if names is None or one.attribute.logical_name in names]
        self._steps = tuple(self._requests(there, names))
        self.is_incomplete = any(one.doubt == _SCALER_UNKNOWN for one in there)
        absent = refusal_text(_OBJECT_UNDEFINED)
        self._absent = tuple(
            Reading(one.register, None, refusal=absent)
            for one in planned
            if names is not None and one.attribute.logical_name not in names
        )

    def run(self, services: Services) -> Conversation[list[Reading]]:
        """Read every register and return one reading for each, refused ones included.

        Raises:
            AccessError: the meter refuses all of them. Close, wait, connect again.
            MeterError: the association is gone. The same.
        """
        readings: list[Reading] = []
        for step in self._steps:
            results = yield from self._results(services, step.request)
            if results is None:  # no list can be had from this meter: the rest of the cycle goes singly too
                return (yield from self._run_singly(services))
            for one, result in zip(step.registers, results, strict=True):
                readings.append(_reading(one, result))
        self._settled = True
        readings += self._absent
        if readings and all(reading.refusal for reading in readings):
            reasons = ", ".join(sorted({reading.refusal for reading in readings}))
            raise AccessError(
                f"refuses every register of the profile: {reasons}",
                hint="check the profile's OBIS codes and whether this client address may read them",
            )
        return readings

    def _run_singly(self, services: Services) -> Conversation[list[Reading]]:
        self._steps = tuple(self._requests([one for step in self._steps for one in step.registers], self._names))
        return (yield from self.run(services))

    def _read_once(
        self, services: Services, attributes: Sequence[Attribute], names: Mapping[bytes, int] | None
    ) -> Conversation[list[Result]]:
        """Read attributes that are read once; those that have no short name count as refused."""
        results: list[Result] = []
        rest = list(attributes)
        while rest:
            some, rest = rest[: self._limit], rest[self._limit :]
            request = _request(some, names)
            if request is None:
                some, rest = some[:1], some[1:] + rest
                request = _request(some, names)
            if request is None:
                results.append(Result(None, _OBJECT_UNDEFINED))
                continue
            answered = yield from self._results(services, request)
            if answered is None:
                rest = some + rest
            else:
                results += answered
        return results

    def _results(self, services: Services, request: Request) -> Conversation[list[Result] | None]:
        """Return the results of one request; None when it was a list and lists are given up."""
        if request.count == 1:
            try:
                return (yield from services.results(request))
            except ServiceError:
                # What never answered is refused, in the meter's own manner; what did has lost its association.
                if self._settled and request not in self._unwilling:
                    raise
                self._unwilling.add(request)
                return [Result(None, _OTHER_REASON)]
        try:
            results = yield from services.results(request)
        except (ServiceError, DecodeError) as error:
            # A list that was had before is not doubted for one failure; a rare type in it always is one.
            if self._proven and not isinstance(error, prepared.Unexpected):
                raise
            self._give_up_lists()
            return None
        except (AssociationError, ReplyTimeout):
            if not self._proven:
                self._strikes += 1
            raise
        if not self._proven and all(result.refusal for result in results):
            self._give_up_lists()
            return None
        self._proven, self._strikes = True, 0
        return results

    def _give_up_lists(self) -> None:
        self._limit, self._strikes = 1, _STRIKES

    def _requests(self, planned: Sequence[Planned], names: Mapping[bytes, int] | None) -> list[Step]:
        steps: list[Step] = []
        for start in range(0, len(planned), self._limit):
            some = tuple(planned[start : start + self._limit])
            request = _request([one.attribute for one in some], names)
            assert request is not None  # noqa: S101 - those without a short name are not planned
            request.fix(len(steps) & 0x0F)
            steps.append(Step(request, some))
        return steps


_OBJECT_UNDEFINED, _OTHER_REASON = 4, 250


def _request(attributes: Sequence[Attribute], names: Mapping[bytes, int] | None) -> Request | None:
    """Return the request for ``attributes``; None when one of them has no short name."""
    if names is None:
        return prepared.get(attributes[0]) if len(attributes) == 1 else prepared.get_list(attributes)
    bases = [names.get(one.logical_name) for one in attributes]
    if None in bases:
        return None
    # Attributes lie eight apart from the base name on (IEC 62056-6-2, short name mapping).
    pairs = zip(bases, attributes, strict=True)
    return prepared.read([(base or 0) + 8 * (one.number - 1) & 0xFFFF for base, one in pairs])


def _attribute(register: Register, number: int) -> Attribute:
    return Attribute(register.class_id, register.octets, number)


def _scaler_attribute(register: Register) -> int:
    """Return the attribute with the register's scaler and unit; 0 when it stands under none."""
    attribute = _SCALER_ATTRIBUTE.get(register.class_id, 0)
    return attribute if 1 < register.attribute < attribute else 0


def _with_scaler(one: Planned, result: Result) -> Planned:
    value = result.value
    if isinstance(value, list) and len(value) == 2 and type(value[0]) is int and type(value[1]) is int:
        scaler, doubt = value[0], unit_doubt(value[1])
        plain = not doubt and _SMALLEST_SCALER <= scaler < 0
        return one._replace(scaler=scaler, unit=unit_text(value[1]), doubt=doubt, divisor=10**-scaler if plain else 0)
    return one._replace(doubt=_SCALER_UNKNOWN)  # a figure without its power of ten: told, and told as doubtful


def _described(attributes: Sequence[Register], results: Sequence[Result]) -> dict[str, Scalar]:
    described: dict[str, Scalar] = {}
    for register, result in zip(attributes, results, strict=True):
        if not result.refusal:
            value, _ = interpret(result.value, class_id=register.class_id, attribute=register.attribute)
            if value is not None:
                described[register.key] = value
    return described


def _reading(one: Planned, result: Result) -> Reading:
    register, raw = one.register, result.value
    if type(raw) is int and one.divisor:  # nearly all; as interpret() would, without asking it each time
        return Reading(register, raw / one.divisor, one.unit)
    if result.refusal:
        return Reading(register, None, refusal=refusal_text(result.refusal))
    value, quality = interpret(raw, class_id=register.class_id, attribute=register.attribute, scaler=one.scaler)
    if one.unit and isinstance(value, str) and not quality:
        quality = "not a number"  # what has a unit is an amount
    if one.doubt:
        quality = f"{quality}, {one.doubt}" if quality else one.doubt
    return Reading(register, value, one.unit, "", quality)
