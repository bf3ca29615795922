"""One thing that is wrong, and of which kind. Found by ``wellness.py``, quoted everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

What: TypeAlias = Literal[
    "bridge",
    "lease",
    "broker",
    "upstream",
    "token",
    "gateway",
    "stored",
    "parked",
    "disk",
    "time",
    "outbox",
    "lost",
    "foreign",
    "intervals",
    "meter",
    "clock",
]
WHATS: Final[tuple[What, ...]] = get_args(What)
"""What can be wrong, in the order in which it is reported: the label of ``dlms_bridge_wrong``."""
_OF_THE_WAY: Final = frozenset({"bridge", "lease", "broker", "upstream", "token", "gateway", "stored", "disk"})
"""What stops samples on their way. A failing meter stops no other meter's."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong.

    Args:
        what: of which kind.
        said: the sentence that is quoted everywhere.
        meter: which one; empty if it is no meter's fault.
    """

    what: What
    said: str
    meter: str = ""

    @property
    def of_the_way(self) -> bool:
        """Whether samples do not get through because of it."""
        return self.what in _OF_THE_WAY
