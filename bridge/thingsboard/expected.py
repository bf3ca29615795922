"""What an audit looks for: so many values of a key in a span of time, where they come from, and what is missing. Plain.

=============  =====================================  ==========================  =============================
source         what it knows of                       exact to                    sent again
=============  =====================================  ==========================  =============================
``intervals``  rows of load profiles: the ledger's    each interval               ordered from the meter
``events``     rows of event logs: the ledger's       each event                  ordered from the meter
``samples``    live readings: the kept samples        each sample, while kept     from what is kept
=============  =====================================  ==========================  =============================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

DAY_MS = 86_400_000
AuditSource = Literal["intervals", "events", "samples"]


@dataclass(frozen=True, slots=True)
class Expected:
    """So many values should be there.

    Args:
        meter: the meter's name in the settings.
        key: telemetry key in ThingsBoard.
        start_ms: Unix milliseconds; the beginning of a UTC day, or later in it.
        end_ms: the end of the same day, or earlier; not part of it.
        count: how many.
        source: who says so.
        logical_name: of the load profile or event log; empty for samples.
        period_ms: of its rows; 0 where there is none.
    """

    meter: str
    key: str
    start_ms: int
    end_ms: int
    count: int
    source: AuditSource
    logical_name: str = ""
    period_ms: int = 0


@dataclass(frozen=True, slots=True)
class MissingValues:
    """Values that ThingsBoard should have and has not.

    Args:
        expected: what was looked for.
        there: how many values ThingsBoard has in that span.
        stamps: the time stamps of those that it has not, in order; at least one.
    """

    expected: Expected
    there: int
    stamps: tuple[int, ...]


class AuditExpectation(Protocol):
    """One source of what should be there."""

    def expected(self, meter: str, since_ms: int, until_ms: int) -> list[Expected]:
        """Return what should be there of a meter; spans lie within days, and counts are never 0.

        Raises:
            DiskError: it cannot be told.
        """

    def stamps(self, ones: Collection[Expected]) -> Mapping[Expected, Collection[int]]:
        """Return the time stamps of those of these that are of this source; raises the same."""

    def send_again(self, missing: Sequence[MissingValues]) -> int:
        """Have these sent again, those that are of this source; return how many that will be, at most.

        Raises:
            DiskError: they cannot be ordered.
        """


def day_of(ms: int) -> int:
    """Return the beginning of the UTC day in which ``ms`` lies."""
    return ms - ms % DAY_MS
