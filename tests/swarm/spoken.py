"""What the meters saw: who spoke to whom, when. The judge of "nobody is read twice".

A machine's turn at a meter is all that it says there with nobody else saying anything between. Where a meter is handed
from one machine to another, each has one turn more; where two read it at once, turns alternate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Turn:
    """Of one machine at one meter: its address, when its first and its last question came, and how many there were."""

    machine: str
    first_s: float
    last_s: float
    questions: int = 1


def turns(file: Path, since_s: float = 0) -> dict[int, list[Turn]]:
    """Return the turns at each meter, in order, from what the plant wrote from ``since_s`` (monotonic) on."""
    found: dict[int, list[Turn]] = {}
    for line in file.read_text().splitlines():
        at_s, meter, connection, what = json.loads(line)
        if what != "question" or at_s < since_s:
            continue
        machine = connection.rpartition(":")[0]
        of_meter = found.setdefault(meter, [])
        if of_meter and of_meter[-1].machine == machine:
            of_meter[-1].last_s = at_s
            of_meter[-1].questions += 1
        else:
            of_meter.append(Turn(machine, at_s, at_s))
    return found


def read_by_two(file: Path, since_s: float = 0) -> dict[int, list[Turn]]:
    """Return the meters at which a machine spoke again after another had: two read them at once. Their turns."""
    found = turns(file, since_s)
    return {meter: its for meter, its in found.items() if len({turn.machine for turn in its}) < len(its)}


def longest_silence_s(file: Path, since_s: float = 0) -> dict[int, float]:
    """Return the longest time in which each meter was asked nothing, from ``since_s`` (monotonic) on."""
    last: dict[int, float] = {}
    longest: dict[int, float] = {}
    for line in file.read_text().splitlines():
        at_s, meter, _, what = json.loads(line)
        if what == "question" and at_s >= since_s:
            longest[meter] = max(longest.get(meter, 0), at_s - last.get(meter, at_s))
            last[meter] = at_s
    return longest


def stored(file: Path) -> dict[str, dict[int, set[str]]]:
    """Return what ThingsBoard has: by device and time (ms) the keys of its values."""
    found: dict[str, dict[int, set[str]]] = {}
    for line in file.read_text().splitlines():
        _, device, ts_ms, keys = json.loads(line)
        found.setdefault(device, {}).setdefault(ts_ms, set()).update(keys)
    return found


def missing_intervals(file: Path, device: str, period_ms: int, from_ms: int, until_ms: int) -> list[int]:
    """Return the times at which a load profile's interval ended and ThingsBoard has no energy of it."""
    rows = stored(file).get(device, {})
    first = -(-from_ms // period_ms) * period_ms
    return [ts_ms for ts_ms in range(first, until_ms, period_ms) if "lp_active_energy" not in rows.get(ts_ms, set())]
