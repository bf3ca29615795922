"""The verdict: all that is wrong, in the few words that one reads first.

The first line of ``bridge status`` and of the page, ``verdict`` in ``/status``, and ``dlms_verdict`` for Grafana.
Exactly one holds at any time: of what is wrong, what costs most data comes first. That the bridge is down is seen only
from outside; who asks and gets no answer says so.

What is wrong is for ``wellness.py`` to find; this only has the words for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.health.wrong import What, Wrong

Verdict: TypeAlias = Literal[
    "the bridge hangs",
    "waiting for its lease",
    "the disk takes nothing",
    "no meter answers",
    "the broker is away",
    "ThingsBoard is away",
    "ThingsBoard stores nothing",
    "the clock is not set",
    "a meter fails",
    "intervals are missing",
    "something needs a look",
    "no meter is read yet",
    "all is well",
]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
"""Every verdict, what matters most first: the label of ``dlms_verdict``."""

_OF: Final[dict[What, Verdict]] = {
    "bridge": "the bridge hangs",
    "lease": "waiting for its lease",
    "disk": "the disk takes nothing",
    "broker": "the broker is away",
    "upstream": "ThingsBoard is away",
    "gateway": "ThingsBoard stores nothing",
    "stored": "ThingsBoard stores nothing",
    "time": "the clock is not set",
    "meter": "a meter fails",
    "intervals": "intervals are missing",
}
_ELSE: Final = "something needs a look"


def verdict_of(wrong: Sequence[Wrong], *, meters: int, starting: int) -> Verdict:
    """Return the verdict.

    Args:
        wrong: all that is wrong.
        meters: how many there are.
        starting: how many of them have not been read yet and still have time for it.
    """
    if not wrong:
        return "no meter is read yet" if starting == meters else "all is well"
    found: set[Verdict] = {_OF.get(one.what, _ELSE) for one in wrong}
    if meters and sum(one.what == "meter" for one in wrong) == meters:
        found.add("no meter answers")
    return min(found, key=VERDICTS.index)
