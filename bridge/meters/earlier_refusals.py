"""What a bridge before this one remembered of refused secrets, in the one file ``refusals.json``.

Its fingerprints cannot be compared with ours. So each refusal counts as a secret that went out without success: after
two of them none is sent to that meter for a day. Read where a meter has no file of its own yet, and never written.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FILE = "refusals.json"


def earlier_refusals(data_dir: Path, meter: str) -> list[dict[str, Any]]:
    """Return the refusals of ``meter`` as entries of its file; none where nothing is known."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        kept = json.loads((data_dir / FILE).read_text(encoding="ascii"))["meters"]
        # One list per client, and the meter's whole one under client 0, where guesses of all of them were counted.
        lists = [refusals for where, refusals in kept.items() if where.rpartition(" client ")[0] == meter]
        return [
            {"client": "", "print": "", "spoken": False, "boot": "", "up_s": 0.0, "at_s": float(at_s)}
            for at_s, _ in max(lists, key=len, default=[])
        ]
    return []
