"""Registers packed into requests, several in one where the meter keeps its word about lists. Pure; asks nothing itself.

Rules
    A list that works proves itself and no other. One that does not is read singly: at once where the meter answers
    something else, after the second association where it ends one. When no list ever worked, none is tried any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms import axdr
from bridge.dlms.planned_registers import PlannedRequest, request_for
from bridge.errors import (
    AssociationError,
    DecodeError,
    LinkError,
    MeterError,
    ReplyTimeout,
    ServiceError,
    ValueUnreadableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bridge.dlms.planned_registers import PlannedRegister
    from bridge.dlms.xdlms import Attribute, Result, ServiceRequest

ENDS = (ReplyTimeout, LinkError, AssociationError, DecodeError)
"""Errors after which the association is gone."""
_FAILURES, _FAILURES_IF_PROVEN = 2, 4
"""After this many associations in a row that end at a list it is read singly: once may just have been the line."""


class RequestLists:
    """Which lists of one meter work, and the requests made accordingly."""

    __slots__ = ("_broken", "_failures", "_gives_lists", "_limit", "_proven", "names")

    def __init__(self) -> None:
        self.names: Mapping[bytes, int] | None = None
        """Base names by logical name, where short names are used."""
        self._limit = 1
        self._gives_lists = True
        self._proven: set[tuple[bytes, bytes | None]] = set()  # lists that worked once
        self._broken: set[tuple[bytes, bytes | None]] = set()  # lists that are read singly
        self._failures: dict[tuple[bytes, bytes | None], int] = {}

    @property
    def are_a_lie(self) -> bool:
        """Whether the meter negotiated GET-WITH-LIST and did not keep it, for some list at least."""
        return not self._gives_lists or bool(self._broken)

    def begin(self, most: int, names: Mapping[bytes, int] | None) -> None:
        """Begin with another association.

        Args:
            most: attributes that go into one request; 1 or less where lists were not negotiated.
            names: base names by logical name, where short names are used.
        """
        self.names = names
        self._limit = max(1, most) if self._gives_lists else 1

    def breaks(self, request: ServiceRequest, error: MeterError) -> bool:
        """Note that a list failed; return whether it is broken. If not, the list was perhaps not to blame."""
        key = request.head, request.tail
        proven = key in self._proven
        answered = isinstance(error, ServiceError | ValueUnreadableError) or getattr(error, "stands", False)
        if isinstance(error, axdr.Unexpected) or (answered and not proven):
            self._give_up(key)
            return True
        # A list that worked before is not doubted for one failure, and none for a failure of the line.
        if isinstance(error, ENDS) and not (isinstance(error, ReplyTimeout) and error.final):
            self._failures[key] = self._failures.get(key, 0) + 1
            if self._failures[key] >= (_FAILURES_IF_PROVEN if proven else _FAILURES):
                self._give_up(key)
        return False

    def is_believed(self, request: ServiceRequest, results: Sequence[Result]) -> bool:
        """Note that a list was answered; False when every item was refused and the list never worked."""
        key = request.head, request.tail
        if key not in self._proven:
            if all(result.refusal for result in results):
                self._give_up(key)
                return False
            self._proven.add(key)
        if self._failures:
            self._failures.pop(key, None)
        return True

    def _give_up(self, key: tuple[bytes, bytes | None]) -> None:
        self._broken.add(key)
        if not self._proven:
            self._gives_lists, self._limit = False, 1

    def first(self, attributes: Sequence[Attribute], is_aside: Callable[[bytes], bool]) -> list[Attribute]:
        """Return as many of the first attributes as go into one request; none behind one that is left out."""
        some = list(attributes[: self._limit])
        for n, one in enumerate(some):
            if is_aside(one.logical_name):
                some = some[:n]
                break
        request = request_for(some, self.names) if len(some) > 1 else None
        return some[:1] if request is not None and (request.head, request.tail) in self._broken else some

    def requests(self, planned: Sequence[PlannedRegister], invoke_id: int) -> list[PlannedRequest]:
        """Return the requests that read ``planned``, in their order, beginning with ``invoke_id``."""
        steps: list[PlannedRequest] = []
        at = 0
        while at < len(planned):
            some = tuple(planned[at : at + self._limit])
            request = request_for([one.attribute for one in some], self.names)
            assert request is not None  # noqa: S101 - those without a short name are not planned
            singly = len(some) > 1 and (request.head, request.tail) in self._broken
            for part in ((one,) for one in some) if singly else (some,):
                one_request = request_for([one.attribute for one in part], self.names) if singly else request
                assert one_request is not None  # noqa: S101 - as above
                one_request.fix(invoke_id + len(steps) & 0x0F)
                steps.append(PlannedRequest(one_request, part))
            at += len(some)
        return steps
