"""What to ask a meter each cycle: the profile compiled into the fewest requests that it takes. Sans-I/O.

Rules
    Scalers and units are read when the plan is compiled, once an association, and never within a cycle.
    Where multiple references were negotiated, registers go into GET-WITH-LIST requests, as many as fit one frame and
    the meter's PDU; else each has a request of its own.
    A list that works proves itself and no other. One that does not is read singly, at once where the meter answers
    something else, after the second association where it ends one; when no list ever worked, none is tried any more.
    One object that does not answer costs no other: see ``ailing.py``. Messages name it.
    Readings come in the profile's order, always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import (
    AccessError,
    AssociationError,
    DecodeError,
    LinkError,
    MeterError,
    ReplyTimeout,
    ServiceError,
    ValueUnreadableError,
)
from bridge.meters import prepared
from bridge.meters.access import refusal_text
from bridge.meters.ailing import Ailing, name_of
from bridge.meters.planned import (
    OBJECT_UNDEFINED,
    OTHER_REASON,
    SCALER_UNKNOWN,
    Planned,
    Reading,
    Step,
    attribute_of,
    described_by,
    reading,
    request_for,
    scaler_attribute,
    with_scaler,
)
from bridge.meters.prepared import Attribute, Request, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.meters.conversation import Conversation
    from bridge.meters.profile import Register
    from bridge.meters.services import Services
    from bridge.sample import Scalar

__all__ = ["Plan", "Reading"]

_MOST_IN_LIST = 127  # the count stays one octet
_STRIKES, _STRIKES_IF_PROVEN = 2, 4
"""So many associations in a row that end at a list, and it is read singly: it may just have been the line once."""
_ENDS = (ReplyTimeout, LinkError, AssociationError, DecodeError)
_ODD = 5
"""Invoke-ids of two associations in a row differ, so that no late answer of one fits a question of the other."""


class Plan:
    """How one meter's profile is read.

    Args:
        registers: what to read every cycle.
        attributes: what to read once an association.
        list_items: most registers in one GET-WITH-LIST; 0 never uses it.
        most_rest: after so many cycles what is left out is tried again at the latest.
    """

    __slots__ = (
        "_absent", "_ailing", "_attributes", "_broken", "_gives_lists", "_invoke_id", "_limit", "_list_items", "_names",
        "_proven", "_registers", "_settled", "_steps", "_strikes", "_unwilling", "described", "has_news",
        "is_incomplete", "is_spent",
    )  # fmt: skip

    def __init__(
        self, registers: Sequence[Register], attributes: Sequence[Register], *, list_items: int, most_rest: int = 720
    ) -> None:
        self._registers = registers
        self._attributes = attributes
        self._list_items = min(list_items, _MOST_IN_LIST)
        self._limit = 1
        self._steps: tuple[Step, ...] = ()
        self._names: Mapping[bytes, int] | None = None
        self._absent: tuple[Reading, ...] = ()  # registers without a short name
        self._unwilling: set[Request] = set()  # requests that the meter answers with an exception
        self._settled = False  # whether a whole cycle was read since the plan was compiled
        self._gives_lists = True
        self._proven: set[tuple[bytes, bytes | None]] = set()  # lists that worked once
        self._broken: set[tuple[bytes, bytes | None]] = set()  # lists that are read singly
        self._strikes: dict[tuple[bytes, bytes | None], int] = {}
        self._ailing = Ailing(most_rest)
        self._invoke_id = 0
        self.described: dict[str, Scalar] = {}
        """What the meter said of itself when the plan was compiled: serial number, firmware; by key."""
        self.is_incomplete = False
        """Whether a scaler could not be read when the plan was compiled; perhaps it can be when it is compiled anew."""
        self.is_spent = False
        """Whether the last cycle gave its readings and the association ended behind them. Close, then associate."""
        self.has_news = False
        """Whether the meter said more of itself since the plan was compiled."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it."""
        return {one.register.key: one.unit for step in self._steps for one in step.registers if one.unit}

    @property
    def lies_about_lists(self) -> bool:
        """Whether the meter negotiated GET-WITH-LIST and did not keep it, for some list at least."""
        return not self._gives_lists or bool(self._broken)

    @property
    def left_out(self) -> dict[str, str]:
        """Objects that are left out because the meter does not answer them, with the reason."""
        return self._ailing.left_out() if self._ailing else {}

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
        self._limit = max(1, min(self._list_items, fits)) if lists and self._gives_lists else 1
        self._unwilling, self._settled, self.is_spent, self.has_news = set(), False, False, False
        self._names = names = short_names
        self._invoke_id += _ODD
        registers = [Planned(register, attribute_of(register, register.attribute)) for register in self._registers]
        there = [
            one
            for one in registers
            if (names is None or one.attribute.logical_name in names)
            and not self._ailing.is_aside(one.attribute.logical_name)
        ]
        scaled = [one for one in there if scaler_attribute(one.register)]
        wanted = [attribute_of(one.register, scaler_attribute(one.register)) for one in scaled]
        wanted += [attribute_of(register, register.attribute) for register in self._attributes]
        results = yield from self._read_once(services, wanted)
        found = {id(one): result for one, result in zip(scaled, results, strict=False)}
        planned = [with_scaler(one, found[id(one)]) if id(one) in found else one for one in there]
        self.described = described_by(self._attributes, results[len(scaled) :])
        planned = [one for one in planned if not self._ailing.is_aside(one.attribute.logical_name)]
        self._steps = tuple(self._requests(planned))
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
        for step in self._steps:
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
            if request.count > 1 and not self._is_believed(request, results):
                return (yield from self._run_singly(services))
            for one, result in zip(step.registers, results, strict=True):
                readings.append(reading(one, result))
            if self._ailing and request.count == 1:
                self._ailing.is_well(step.registers[0].attribute.logical_name)
        if self._ailing or self._absent:
            readings = yield from self._with_the_rest(services, readings)
        self._settled = True
        if readings and all(one.refusal for one in readings):
            reasons = ", ".join(sorted({one.refusal for one in readings}))
            raise AccessError(
                f"refuses every register of the profile: {reasons}",
                hint="check the profile's OBIS codes and whether this client address may read them",
            )
        return readings

    def _run_singly(self, services: Services) -> Conversation[list[Reading]]:
        self._steps = tuple(self._requests([one for step in self._steps for one in step.registers]))
        return (yield from self.run(services))

    def _with_the_rest(self, services: Services, readings: list[Reading]) -> Conversation[list[Reading]]:
        """Return the readings with those that were not asked for in their place, in the profile's order."""
        self._steps = tuple(
            step
            for step in self._steps
            if step.request.count > 1 or not self._ailing.is_aside(step.registers[0].attribute.logical_name)
        )
        by_key = {one.register.key: one for one in (*readings, *self._absent)}
        missing = [register for register in self._registers if register.key not in by_key]
        if not any(one.value is not None or one.refusal for one in by_key.values()) and (missing or readings):
            self._ailing.forget()  # where nothing answers, it is not one object
            raise ReplyTimeout(
                "answers none of the registers", hint="check SERVER, CLIENT and the profile's OBIS codes"
            )
        for name in self._ailing.due():
            try:
                yield from self._try_again(services, name, missing, by_key)
            except _ENDS as error:
                attribute = Attribute(0, name, 0)
                self._ailing.strike(attribute, error, ends=True)
                self.is_spent = True
                break
        for register in missing:
            by_key.setdefault(register.key, self._unread(register))
        return [by_key[register.key] for register in self._registers]

    def _try_again(
        self, services: Services, name: bytes, missing: Sequence[Register], by_key: dict[str, Reading]
    ) -> Conversation[None]:
        """Ask for what is left out of one object: scaler and value of a register, or what it says of itself."""
        for register in (one for one in missing if one.octets == name):
            one = Planned(register, attribute_of(register, register.attribute))
            if number := scaler_attribute(register):
                one = with_scaler(one, (yield from self._ask_one(services, attribute_of(register, number))))
            result = yield from self._ask_one(services, one.attribute)
            by_key[register.key] = reading(one, result)
            request = request_for([one.attribute], self._names)
            if request is not None:
                self._steps = (*self._steps, Step(request, (one,)))
        for register in (one for one in self._attributes if one.octets == name):
            result = yield from self._ask_one(services, attribute_of(register, register.attribute))
            self.described |= described_by([register], [result])
        self.has_news = True
        self._ailing.is_well(name)

    def _ask_one(self, services: Services, attribute: Attribute) -> Conversation[Result]:
        request = request_for([attribute], self._names)
        if request is None:
            return Result(None, OBJECT_UNDEFINED)
        try:
            return (yield from services.results(request))[0]
        except ServiceError as error:
            if error.not_allowed:  # the association is gone
                raise
            return Result(None, OTHER_REASON)

    def _unread(self, register: Register) -> Reading:
        return Reading(register, None, quality=self._ailing.why(register.octets) or "no answer")

    def _read_once(self, services: Services, attributes: Sequence[Attribute]) -> Conversation[list[Result]]:
        """Read attributes that are read once; what is left out, or has no short name, counts as refused."""
        results: list[Result] = []
        rest = list(attributes)
        while rest:
            if self._ailing.is_aside(rest[0].logical_name):
                results.append(Result(None, OTHER_REASON))
                del rest[0]
                continue
            some = self._chunk(rest)
            request = request_for(some, self._names)
            if request is None:
                some = some[:1]
                request = request_for(some, self._names)
            if request is None:
                results.append(Result(None, OBJECT_UNDEFINED))
                del rest[0]
                continue
            request.fix(self._invoke_id + len(results) & 0x0F)
            try:
                answered = yield from services.results(request)
            except MeterError as error:
                failed = self._failed(request, some[0], error)
                if failed is None:
                    continue
                results += (result or Result(None, OTHER_REASON) for result in failed)
            else:
                if request.count > 1 and not self._is_believed(request, answered):
                    continue
                results += answered
            del rest[: len(some)]
        return results

    def _failed(self, request: Request, first: Attribute, error: MeterError) -> list[Result | None] | None:
        """Return what stands for the results of a request that failed; None when its registers are to be read singly.

        Raises:
            MeterError: the association went with it; the message names what was asked for.
        """
        if request.count > 1:
            self._fail_list(request, first, error)
            return None
        if (
            isinstance(error, ServiceError)
            and not error.not_allowed
            and not (self._settled and request not in self._unwilling)
        ):  # what never answered is refused, in the meter's own manner; what did has lost its association
            self._unwilling.add(request)
            return [Result(None, OTHER_REASON)]
        stands = isinstance(error, ValueUnreadableError) or (isinstance(error, ReplyTimeout) and error.stands)
        final = isinstance(error, ReplyTimeout) and error.final
        if isinstance(error, _ENDS) and not final:
            self._ailing.strike(first, error, ends=not stands)
        if stands:
            return [None]
        raise _naming(error, name_of(first.logical_name))

    def _fail_list(self, request: Request, first: Attribute, error: MeterError) -> None:
        """Take a list for broken; or let the error out, when perhaps it was not the list's fault."""
        key, what = (request.head, request.tail), f"a list of {request.count} from {name_of(first.logical_name)} on"
        proven = key in self._proven
        answered = isinstance(error, ServiceError | ValueUnreadableError) or getattr(error, "stands", False)
        if isinstance(error, prepared.Unexpected) or (answered and not proven):
            self._give_up(key)
            return
        # One that was had before is not doubted for one failure, nor another for the line's.
        if isinstance(error, _ENDS) and not (isinstance(error, ReplyTimeout) and error.final):
            self._strikes[key] = self._strikes.get(key, 0) + 1
            if self._strikes[key] >= (_STRIKES_IF_PROVEN if proven else _STRIKES):
                self._give_up(key)
        raise _naming(error, what)

    def _is_believed(self, request: Request, results: Sequence[Result]) -> bool:
        """Note that a list was answered; False when it was refused item by item, and never was not."""
        key = request.head, request.tail
        if key not in self._proven:
            if all(result.refusal for result in results):
                self._give_up(key)
                return False
            self._proven.add(key)
        if self._strikes:
            self._strikes.pop(key, None)
        return True

    def _give_up(self, key: tuple[bytes, bytes | None]) -> None:
        self._broken.add(key)
        if not self._proven:
            self._gives_lists, self._limit = False, 1

    def _chunk(self, attributes: Sequence[Attribute]) -> list[Attribute]:
        """Return as many of the first attributes as go into one request."""
        some = list(attributes[: self._limit])
        for n, one in enumerate(some):
            if self._ailing.is_aside(one.logical_name):
                some = some[:n]
                break
        request = request_for(some, self._names) if len(some) > 1 else None
        return some[:1] if request is not None and (request.head, request.tail) in self._broken else some

    def _requests(self, planned: Sequence[Planned]) -> list[Step]:
        steps: list[Step] = []
        at = 0
        while at < len(planned):
            some = tuple(planned[at : at + self._limit])
            request = request_for([one.attribute for one in some], self._names)
            assert request is not None  # noqa: S101 - those without a short name are not planned
            singly = len(some) > 1 and (request.head, request.tail) in self._broken
            for part in ((one,) for one in some) if singly else (some,):
                one_request = request_for([one.attribute for one in part], self._names) if singly else request
                assert one_request is not None  # noqa: S101 - as above
                one_request.fix(self._invoke_id + len(steps) & 0x0F)
                steps.append(Step(one_request, part))
            at += len(some)
        return steps


def _naming(error: MeterError, what: str) -> MeterError:
    """Return the error with what was asked for in its message."""
    error.args = (f"{error} (asked for {what})",)
    return error
