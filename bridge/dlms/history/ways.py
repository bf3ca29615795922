"""How one meter takes questions about one of its profiles: nobody lists it, so it is tried once, learnt and kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

from bridge.errors import ReplyTimeout

Way = Literal["", "range", "entry", "whole"]
Ends = Literal["", "stated", "utc", "local", "unix"]


@dataclass(frozen=True, slots=True)
class HistoryWays:
    """What was learnt; a new one knows nothing.

    Args:
        by: which way is proven: by the times of a slice, by the numbers of its rows, or the whole buffer and nothing
            less. Empty while none is. Of a meter that gives but the whole, ask for all that is wanted at once.
        ends: how the ends of a range are said: in the meter's time with the deviation that its clock states, in UTC
            with a deviation of 0, in the meter's time with no deviation, or in Unix time.
        whole_hours: whether they must be whole hours.
        last_column: whether a selection by entry must name the last column.
        longest_s: no range that is longer is answered; 0 for any.
        lead_s: an answer begins with rows that cannot be understood without those before: ask from so much earlier on.
        dead: the ways that this meter does not go, as ``range utc`` or ``entry``.
    """

    by: Way = ""
    ends: Ends = ""
    whole_hours: bool = False
    last_column: bool = False
    longest_s: int = 0
    lead_s: int = 0
    dead: tuple[str, ...] = ()

    def without(self, way: str) -> HistoryWays:
        """Return the same with one more way that does not work."""
        return self if way in self.dead else replace(self, dead=(*self.dead, way))

    def to_text(self) -> str:
        """Return it as JSON, to be kept for the meter."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> HistoryWays:
        """Return what :meth:`to_text` made; one that knows nothing where the text is of another version."""
        try:
            kept = json.loads(text)
            known = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
            return cls(**{**known, "dead": tuple(known.get("dead", ()))})
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls()


class SilentWayError(ReplyTimeout):
    """The meter said nothing to a question that is put in a way it was never asked before; the association is gone.

    Keep :attr:`ways`, and ask again later: another way is tried then.
    """

    def __init__(self, silence: ReplyTimeout, ways: HistoryWays) -> None:
        super().__init__(str(silence), hint=silence.hint, final=silence.final, stands=silence.stands)
        self.ways = ways
