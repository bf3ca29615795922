"""Attributes read so that one failure costs no other: lists that do not work are read singly, objects left out.

Rules
    One object that does not answer costs no other: see ``left_out.py``. Messages name it.
    Which lists really work shows as they are read: see ``request_lists.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.left_out import LeftOutObjects, name_of
from bridge.dlms.planned_registers import OBJECT_UNDEFINED, OTHER_REASON, Reading, request_for
from bridge.dlms.request_lists import ENDS, RequestLists
from bridge.dlms.xdlms import Result
from bridge.errors import MeterError, ReplyTimeout, ServiceError, ValueUnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.register import Register
    from bridge.dlms.services import Services
    from bridge.dlms.xdlms import Attribute, ServiceRequest

_ODD = 5
"""Consecutive associations use different invoke-ids, so that no late answer of one fits a question of the other."""


class AttributeReader:
    """One meter's remembered failures, and reads that allow for them.

    Args:
        most_rest: what is left out is retried after this many cycles at the latest.
    """

    __slots__ = ("_invoke_id", "_left_out", "_lists", "_settled", "_unwilling")

    def __init__(self, most_rest: int) -> None:
        self._lists = RequestLists()
        self._left_out = LeftOutObjects(most_rest)
        self._unwilling: set[ServiceRequest] = set()  # requests that the meter answers with an exception
        self._settled = False  # whether a whole cycle was read since the association began
        self._invoke_id = 0

    def _begin(self, most: int, names: Mapping[bytes, int] | None) -> None:
        """Begin with another association; see :meth:`RequestLists.begin`."""
        self._unwilling, self._settled = set(), False
        self._lists.begin(most, names)
        self._invoke_id += _ODD

    def _read_once(self, services: Services, attributes: Sequence[Attribute]) -> Conversation[list[Result]]:
        """Read attributes that are read once; what is left out, or has no short name, counts as refused."""
        results: list[Result] = []
        rest = list(attributes)
        while rest:
            if self._left_out.is_aside(rest[0].logical_name):
                results.append(Result(None, OTHER_REASON))
                del rest[0]
                continue
            some = self._lists.first(rest, self._left_out.is_aside)
            request = request_for(some, self._lists.names)
            if request is None:
                some = some[:1]
                request = request_for(some, self._lists.names)
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
                if request.count > 1 and not self._lists.is_believed(request, answered):
                    continue
                results += answered
            del rest[: len(some)]
        return results

    def _ask_one(self, services: Services, attribute: Attribute) -> Conversation[Result]:
        request = request_for([attribute], self._lists.names)
        if request is None:
            return Result(None, OBJECT_UNDEFINED)
        try:
            return (yield from services.results(request))[0]
        except ServiceError as error:
            if error.not_allowed:  # the association is gone
                raise
            return Result(None, OTHER_REASON)

    def _failed(self, request: ServiceRequest, first: Attribute, error: MeterError) -> list[Result | None] | None:
        """Return what stands for the results of a request that failed; None when its registers are to be read singly.

        Raises:
            MeterError: the association went with it; the message names what was asked for.
        """
        if request.count > 1:
            if self._lists.breaks(request, error):
                return None
            raise _naming(error, f"a list of {request.count} from {name_of(first.logical_name)} on")
        if (
            isinstance(error, ServiceError)
            and not error.not_allowed
            and not (self._settled and request not in self._unwilling)
        ):  # never answered: this is how the meter refuses it; answered before: the association is lost
            self._unwilling.add(request)
            return [Result(None, OTHER_REASON)]
        stands = isinstance(error, ValueUnreadableError) or (isinstance(error, ReplyTimeout) and error.stands)
        final = isinstance(error, ReplyTimeout) and error.final
        if isinstance(error, ENDS) and not final:
            self._left_out.strike(first, error, ends=not stands)
        if stands:
            return [None]
        raise _naming(error, name_of(first.logical_name))

    def _unread(self, register: Register) -> Reading:
        return Reading(register, None, quality=self._left_out.why(register.octets) or "no answer")


def _naming(error: MeterError, what: str) -> MeterError:
    """Return the error with what was asked for in its message."""
    error.args = (f"{error} (asked for {what})",)
    return error
