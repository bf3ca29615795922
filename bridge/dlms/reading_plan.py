"""What to ask a meter each cycle: the profile compiled into as few requests as possible. Sans-I/O.

Rules
    Scalers and units are read when the plan is compiled, once per association, never within a cycle.
    Where multiple references were negotiated, registers go into GET-WITH-LIST requests, as many as fit one frame and
    the meter's PDU; else each has a request of its own.
    What fails costs nothing else: see ``attribute_reader.py``.
    Readings always come in the profile's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms import xdlms
from bridge.dlms.access_results import refusal_text
from bridge.dlms.attribute_reader import AttributeReader
from bridge.dlms.cosem_classes import scaler_attribute
from bridge.dlms.planned_registers import (
    OBJECT_UNDEFINED,
    SCALER_UNKNOWN,
    PlannedRegister,
    PlannedRequest,
    Reading,
    attribute_of,
    described_by,
    number_reading,
    reading,
    request_for,
    with_scaler,
)
from bridge.dlms.planned_volleys import PlannedVolleys
from bridge.dlms.request_lists import ENDS
from bridge.dlms.xdlms import Attribute
from bridge.errors import (
    AccessError,
    MeterError,
    ReplyTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.planned_volleys import PlannedVolley
    from bridge.dlms.register import Register
    from bridge.dlms.services import Services
    from bridge.sample import Scalar

__all__ = ["Plan", "Reading"]

_MOST_IN_LIST = 127  # the count stays one octet


class Plan(AttributeReader):
    """How one meter's profile is read.

    Args:
        registers: what to read every cycle.
        attributes: what to read once per association.
        list_items: most registers in one GET-WITH-LIST; 0 never uses it.
        most_rest: what is left out is retried after this many cycles at the latest.
    """

    __slots__ = (
        "_absent", "_attributes", "_list_items", "_registers", "_steps", "_volleys", "described", "has_news",
        "is_incomplete", "is_spent",
    )  # fmt: skip

    def __init__(
        self, registers: Sequence[Register], attributes: Sequence[Register], *, list_items: int, most_rest: int = 720
    ) -> None:
        super().__init__(most_rest)
        self._registers = registers
        self._attributes = attributes
        self._list_items = min(list_items, _MOST_IN_LIST)
        self._steps: tuple[PlannedRequest, ...] = ()
        self._volleys = PlannedVolleys()
        self._absent: tuple[Reading, ...] = ()  # registers without a short name
        self.described: dict[str, Scalar] = {}
        """What the meter said about itself when the plan was compiled: serial number, firmware; by key."""
        self.is_incomplete = False
        """Whether a scaler could not be read when the plan was compiled; perhaps it can be when it is compiled anew."""
        self.is_spent = False
        """Whether the last cycle gave its readings and then lost the association. Close, then associate."""
        self.has_news = False
        """Whether the meter said more of itself since the plan was compiled."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it."""
        return {one.register.key: one.unit for step in self._steps for one in step.registers if one.unit}

    @property
    def scalers(self) -> dict[str, tuple[int, str]]:
        """Scaler and unit of every register that the meter stated them of, by logical name."""
        return {
            one.register.logical_name: (one.scaler, one.unit)
            for step in self._steps
            for one in step.registers
            if one.doubt != SCALER_UNKNOWN and scaler_attribute(one.register.class_id, one.register.attribute)
        }

    @property
    def lies_about_lists(self) -> bool:
        """Whether the meter negotiated GET-WITH-LIST and did not keep it, for some list at least."""
        return self._lists.are_a_lie

    @property
    def left_out(self) -> dict[str, str]:
        """Objects that are left out because the meter does not answer them, with the reason."""
        return self._left_out.left_out() if self._left_out else {}

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
            MeterError: as :meth:`~bridge.dlms.services.Services.results`.
        """
        fits = (min(max_pdu_bytes, services.longest_request_bytes) - 4) // xdlms.ITEM_BYTES
        self.is_spent = self.has_news = False
        names = short_names
        self._begin(min(self._list_items, fits) if lists else 1, names)
        registers = [
            PlannedRegister(register, attribute_of(register, register.attribute)) for register in self._registers
        ]
        there = [
            one
            for one in registers
            if (names is None or one.attribute.logical_name in names)
            and not self._left_out.is_aside(one.attribute.logical_name)
        ]
        scaled = [one for one in there if scaler_attribute(one.register.class_id, one.register.attribute)]
        wanted = [
            attribute_of(one.register, scaler_attribute(one.register.class_id, one.register.attribute))
            for one in scaled
        ]
        wanted += [attribute_of(register, register.attribute) for register in self._attributes]
        results = yield from self._read_once(services, wanted)
        found = {id(one): result for one, result in zip(scaled, results, strict=False)}
        planned = [with_scaler(one, found[id(one)]) if id(one) in found else one for one in there]
        self.described = described_by(self._attributes, results[len(scaled) :])
        planned = [one for one in planned if not self._left_out.is_aside(one.attribute.logical_name)]
        self._steps = tuple(self._lists.requests(planned, self._invoke_id))
        self.is_incomplete = any(one.doubt == SCALER_UNKNOWN for one in planned)
        absent = refusal_text(OBJECT_UNDEFINED)
        self._absent = tuple(
            Reading(one.register, None, refusal=absent)
            for one in registers
            if names is not None and one.attribute.logical_name not in names
        )

    def run(self, services: Services) -> Conversation[list[Reading]]:
        """Read every register and return one reading for each, refused ones included.

        Afterwards see ``is_spent``.

        Raises:
            AccessError: the meter refuses all of them. Close, wait, connect again.
            MeterError: the association is gone. The same.
        """
        readings: list[Reading] = []
        volleys = self._volleys.prepare(self._steps, services)
        at, end = 0, len(self._steps)
        while at < end:
            if at in volleys:
                at += yield from self._fire(services, at, volleys[at], readings)
                if at == end:
                    break  # else its next request is out and was not answered as expected, or goes by itself
            step = self._steps[at]
            at += 1
            request = step.request
            try:
                results = yield from services.results(request)
            except MeterError as error:
                failed = self._failed(request, step.registers[0].attribute, error)
                if failed is None:  # not in a list: the rest of the cycle goes singly too
                    return (yield from self._run_singly(services))
                readings += (self._unread(one.register) if result is None else reading(one, result)
                             for one, result in zip(step.registers, failed, strict=True))  # fmt: skip
                continue
            if request.count > 1 and not self._lists.is_believed(request, results):
                return (yield from self._run_singly(services))
            for one, result in zip(step.registers, results, strict=True):
                readings.append(reading(one, result))
            if self._left_out and request.count == 1:
                self._left_out.is_well(step.registers[0].attribute.logical_name)
        if self._left_out or self._absent:
            readings = yield from self._with_the_rest(services, readings)
        self._settled = True
        return _unless_all_refused(readings)

    def _fire(self, services: Services, at: int, planned: PlannedVolley, readings: list[Reading]) -> Conversation[int]:
        """Ask the requests from number ``at`` on as a volley, add to the readings, return how many were answered."""
        volley = yield from services.volley(planned.turn, planned.first_invoke_id)
        self._volleys.ended(is_whole=not volley.request)
        readings += map(number_reading, planned.registers, volley.values)
        for step in self._steps[at : at + volley.answered]:
            if step.request.count > 1:
                self._lists.is_believed(step.request, ())
            elif self._left_out:
                self._left_out.is_well(step.registers[0].attribute.logical_name)
        return volley.answered

    def _run_singly(self, services: Services) -> Conversation[list[Reading]]:
        registers = [one for step in self._steps for one in step.registers]
        self._steps = tuple(self._lists.requests(registers, self._invoke_id))
        return (yield from self.run(services))

    def _with_the_rest(self, services: Services, readings: list[Reading]) -> Conversation[list[Reading]]:
        """Return all readings in the profile's order, with placeholders for those that were not asked for."""
        steps = tuple(
            step
            for step in self._steps
            if step.request.count > 1 or not self._left_out.is_aside(step.registers[0].attribute.logical_name)
        )
        if len(steps) < len(self._steps):
            self._steps = steps
        by_key = {one.register.key: one for one in (*readings, *self._absent)}
        missing = [register for register in self._registers if register.key not in by_key]
        if not any(one.value is not None or one.refusal for one in by_key.values()) and (missing or readings):
            self._left_out.forget()  # where nothing answers, it is not one object
            raise ReplyTimeout(
                "answers none of the registers", hint="check SERVER, CLIENT and the profile's OBIS codes"
            )
        for name in self._left_out.due():
            try:
                yield from self._try_again(services, name, missing, by_key)
            except ENDS as error:
                attribute = Attribute(0, name, 0)
                self._left_out.strike(attribute, error, ends=True)
                self.is_spent = True
                break
        for register in missing:
            by_key.setdefault(register.key, self._unread(register))
        return [by_key[register.key] for register in self._registers]

    def _try_again(
        self, services: Services, name: bytes, missing: Sequence[Register], by_key: dict[str, Reading]
    ) -> Conversation[None]:
        """Ask for what is left out of one object: scaler and value of a register, or what it says about itself."""
        for register in (one for one in missing if one.octets == name):
            one = PlannedRegister(register, attribute_of(register, register.attribute))
            if number := scaler_attribute(register.class_id, register.attribute):
                one = with_scaler(one, (yield from self._ask_one(services, attribute_of(register, number))))
            result = yield from self._ask_one(services, one.attribute)
            by_key[register.key] = reading(one, result)
            request = request_for([one.attribute], self._lists.names)
            if request is not None:
                self._steps = (*self._steps, PlannedRequest(request, (one,)))
        for register in (one for one in self._attributes if one.octets == name):
            result = yield from self._ask_one(services, attribute_of(register, register.attribute))
            self.described |= described_by([register], [result])
        self.has_news = True
        self._left_out.is_well(name)


def _unless_all_refused(readings: list[Reading]) -> list[Reading]:
    """Return the readings.

    Raises:
        AccessError: all of them are refusals.
    """
    if readings and all(one.refusal for one in readings):
        reasons = ", ".join(sorted({one.refusal for one in readings}))
        raise AccessError(
            f"refuses every register of the profile: {reasons}",
            hint="check the profile's OBIS codes and whether this client address may read them",
        )
    return readings
