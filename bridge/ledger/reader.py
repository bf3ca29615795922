"""What the ledger asks of a meter, and how: the seam between this wing and the meters'.

Whoever implements :class:`HistoryReader` asks between two live cycles, and only then; the ledger decides what.
:class:`ErrandReader` does, by the errands of a poller. Rows and layouts are those of ``dlms/history``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

from bridge.dlms.history import examine, oldest, read_slice
from bridge.dlms.history.stamps import LocalTime
from bridge.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.history import HistoryLayout, HistoryWays, SliceRead
    from bridge.dlms.xdlms import Result
    from bridge.ledger.history import HistoryKind

T = TypeVar("T")


class HistorySource(NamedTuple):
    """What the profile says of one load profile or event log.

    Args:
        logical_name: which, six groups with dots.
        kind: rows at the end of each period, or when something happens.
        keys: telemetry key by the logical name of a captured register; what is not here is left out.
        period_s: seconds between two rows, where the meter says it wrongly; 0 goes by the meter.
        status: what each bit of the status means, bit 0 the lowest.
        codes: what the maker's own event codes mean.
    """

    logical_name: str
    kind: HistoryKind
    keys: Mapping[str, str]
    period_s: int = 0
    status: Mapping[int, str] = {}
    codes: Mapping[int, str] = {}


class HistoryReader(Protocol):
    """One meter's histories.

    Everything raises ``NotNow`` (ask again a little later), ``AccessError`` (the meter has no such profile, or does not
    give it) or another ``MeterError`` (this time it went wrong).
    """

    @property
    def free_s(self) -> float:
        """Seconds until the next live cycle on the meter's connection; 0 while one runs, or nobody is there."""

    @property
    def asked(self) -> int:
        """How many questions went out to the meter so far."""

    @property
    def drift_s(self) -> float | None:
        """The meter's clock less ours; None while nobody knows."""

    def zone_doubt(self, layout: HistoryLayout) -> str:
        """Return what is to be said against the time zone by which rows are dated; empty when nothing."""

    async def examine(self, source: HistorySource, known: HistoryLayout | None, now_ms: int) -> HistoryLayout:
        """Read how the profile is made."""

    async def read(
        self, layout: HistoryLayout, start_ms: int, end_ms: int, ways: HistoryWays, *, needs_s: float | None = None
    ) -> SliceRead:
        """Read the rows with ``start_ms < stamp <= end_ms``; it should take no longer than ``needs_s``."""

    async def oldest(self, layout: HistoryLayout, ways: HistoryWays, now_ms: int) -> int | None:
        """Read the stamp of the oldest row; None when that cannot be told, or there is none."""


class ErrandCarrier(Protocol):
    """Carries conversations between live cycles: a poller's errands."""

    @property
    def free_s(self) -> float:
        """As the reader's."""

    async def carry(self, make: Callable[[MeterSession], Conversation[T]], *, needs_s: float | None = None) -> T:
        """Carry a conversation and return its result."""


class ErrandReader:
    """Reads by errands.

    Args:
        errands: the meter's.
        drift_s: its clock less ours.
        here: the time zone to take where the meter states none.
    """

    def __init__(self, errands: ErrandCarrier, drift_s: Callable[[], float | None], here: tzinfo) -> None:
        self._errands = errands
        self._drift_s = drift_s
        self._here = here
        self.asked = 0

    @property
    def free_s(self) -> float:
        """As the protocol says."""
        return self._errands.free_s

    @property
    def drift_s(self) -> float | None:
        """As the protocol says."""
        return self._drift_s()

    def zone_doubt(self, layout: HistoryLayout) -> str:
        """As the protocol says."""
        return LocalTime(layout.zone, self._here).doubt

    async def examine(self, source: HistorySource, known: HistoryLayout | None, now_ms: int) -> HistoryLayout:
        """As the protocol says."""
        layout = await self._carry(lambda session: examine(session, source.logical_name, known=known, now_ms=now_ms))
        return layout._replace(period_s=source.period_s) if source.period_s else layout

    async def read(
        self, layout: HistoryLayout, start_ms: int, end_ms: int, ways: HistoryWays, *, needs_s: float | None = None
    ) -> SliceRead:
        """As the protocol says."""
        return await self._carry(
            lambda session: read_slice(session, layout, start_ms, end_ms, ways, self._here), needs_s=needs_s
        )

    async def oldest(self, layout: HistoryLayout, ways: HistoryWays, now_ms: int) -> int | None:
        """As the protocol says."""
        return await self._carry(lambda session: oldest(session, layout, ways, self._here, now_ms=now_ms))

    async def _carry(self, make: Callable[[MeterSession], Conversation[T]], *, needs_s: float | None = None) -> T:
        return await self._errands.carry(
            lambda session: make(cast("MeterSession", _CountedQuestions(session, self))), needs_s=needs_s
        )


class _CountedQuestions:
    """A meter's session whose questions are counted once they went out."""

    def __init__(self, session: MeterSession, reader: ErrandReader) -> None:
        self._session = session
        self._reader = reader

    def get(self, class_id: int, logical_name: str, attribute: int, selection: bytes = b"") -> Conversation[Result]:
        """As the session's; what is put off for want of room is not counted."""
        try:
            result = yield from self._session.get(class_id, logical_name, attribute, selection)
        except MeterError:
            self._reader.asked += 1
            raise
        self._reader.asked += 1
        return result
