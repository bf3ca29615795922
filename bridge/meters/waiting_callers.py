"""Those who asked for a reading outside the interval, or for a new association, and wait for what becomes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bridge.errors import MeterError
    from bridge.sample import Sample

T = TypeVar("T")


class WaitingCallers:
    """Callers of one meter; an attempt answers those who asked for an association before it began, no later ones."""

    __slots__ = ("_association", "_next_association", "_reading")

    def __init__(self) -> None:
        self._reading: list[asyncio.Future[Sample]] = []
        self._next_association: list[asyncio.Future[None]] = []
        self._association: list[asyncio.Future[None]] = []  # of the present attempt

    def for_reading(self) -> asyncio.Future[Sample]:
        """Return what the next reading, or the failure to get one, ends."""
        asked: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
        self._reading.append(asked)
        return asked

    def for_association(self) -> asyncio.Future[None]:
        """Return what the next attempt at an association ends."""
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next_association.append(asked)
        return asked

    def attempt(self) -> None:
        """Begin an attempt for those who asked for an association until now."""
        self._association, self._next_association = self._next_association, []

    @property
    def want_association(self) -> bool:
        """Whether the present attempt is to give up the association that stands."""
        return bool(self._association)

    def associated(self) -> None:
        """Tell those who asked for an association that it stands."""
        for asked in _waiting(self._association):
            asked.set_result(None)

    def read(self, sample: Sample) -> None:
        """Give the reading to those who asked for one."""
        if self._reading:
            asked, self._reading = self._reading, []
            for one in _waiting(asked):
                one.set_result(sample)

    def failed(self, error: MeterError) -> None:
        """Tell those who asked for a reading, or for the association of this attempt, that there is none."""
        asked, self._reading = self._reading, []
        for reading in _waiting(asked):
            reading.set_exception(error)
        for association in _waiting(self._association):
            association.set_exception(error)

    def leave(self, error: MeterError) -> None:
        """Tell everybody that nothing comes any more."""
        self._association += self._next_association
        self.failed(error)


def _waiting(asked: list[asyncio.Future[T]]) -> list[asyncio.Future[T]]:
    return [future for future in asked if not future.done()]
