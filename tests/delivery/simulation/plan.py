"""A plan: everything that a run is, as data. Drawn from a seed, made smaller when it fails, replayed from its text.

Sizes are drawn so that most runs are cheap and a few are large: what finds faults is the number of different runs.
"""

from __future__ import annotations

import dataclasses
import json
import random
from dataclasses import dataclass, field
from typing import Any

VERSIONS = ("4.3.1.3", "4.3.1.3", "4.3.1.3", "4.2.1", "3.9.1", "3.6.4")


@dataclass(frozen=True)
class Fault:
    """Something that happens.

    Args:
        at_s: when, seconds from the start of the run.
        kind: what; a method of ``faults.py`` by that name.
        for_s: how long, where it lasts.
        size: how much, where there is a much.
    """

    at_s: float
    kind: str
    for_s: float = 0.0
    size: float = 0.0


@dataclass(frozen=True)
class Plan:
    """One run.

    Args:
        seed: of every choice that the run itself makes.
        meters: how many.
        keys: values of a sample.
        interval_s: between two samples of a meter.
        feed_s: how long the meters give samples.
        backlog: samples of each meter that are there at the start.
        via: the way to ThingsBoard: ``mosquitto`` or ``direct``.
        as_device: a meter's own session and no gateway's.
        version: of ThingsBoard.
        tenant: its limits: regular messages, telemetry messages, points; never told.
        gateway: the same of the gateway, told unless ``untold``.
        device: told, and not enforced.
        untold: the gateway's limits are not told either.
        room: the tenant's maximum of devices leaves room for so many of the meters until ``room_from_s``; -1 for all.
        room_from_s: when there is room for all.
        bad_names: so many meters have a device name that ThingsBoard refuses.
        drop_every: every so manieth telemetry message is past a limit that nobody knows.
        poison: one of so many samples cannot be read by ThingsBoard; 0 for none.
        answers_mark: False where a rule chain of the user's own stores no attributes.
        delay_s: one way.
        jitter_s: more than that.
        up_bytes_s: what the line carries up; 0 for no bound.
        down_bytes_s: the same down.
        store_rate_per_s: rows that ThingsBoard stores.
        commit_s: the outbox's group commit.
        disk_s: what a piece of work on the disk takes at most.
        faults: what happens, in order.
    """

    seed: int = 1
    meters: int = 3
    keys: int = 3
    interval_s: float = 10.0
    feed_s: float = 120.0
    backlog: int = 0
    via: str = "mosquitto"
    as_device: bool = False
    version: str = "4.3.1.3"
    tenant: tuple[str, str, str] = ("", "", "")
    gateway: tuple[str, str, str] = ("", "", "")
    device: tuple[str, str, str] = ("", "", "")
    untold: bool = False
    room: int = -1
    room_from_s: float = 0.0
    bad_names: int = 0
    drop_every: int = 0
    poison: int = 0
    answers_mark: bool = True
    delay_s: float = 0.01
    jitter_s: float = 0.0
    up_bytes_s: float = 0.0
    down_bytes_s: float = 0.0
    store_rate_per_s: float = 6000.0
    commit_s: float = 1.0
    disk_s: float = 0.002
    faults: tuple[Fault, ...] = field(default_factory=tuple)

    @property
    def samples(self) -> int:
        """How many there will be."""
        return self.meters * (self.backlog + int(self.feed_s / self.interval_s))

    def text(self) -> str:
        """What differs from the defaults, as JSON."""
        said: dict[str, Any] = {}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name == "faults":
                if value:
                    said["faults"] = [[fault.at_s, fault.kind, fault.for_s, fault.size] for fault in value]
            elif value != one.default:
                said[one.name] = value
        return json.dumps(said, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Plan:
        """The plan of such a text."""
        said = json.loads(text)
        said["faults"] = tuple(Fault(*fault) for fault in said.get("faults", ()))
        for name in ("tenant", "gateway", "device"):
            if name in said:
                said[name] = tuple(said[name])
        return cls(**said)


KINDS = (
    # kind, weight, longest for_s
    ("line_cut", 4, 0.0),
    ("line_dark", 3, 150.0),
    ("line_slow", 1, 120.0),
    ("thingsboard_kill", 5, 90.0),
    ("kill_at_mark", 3, 40.0),
    ("thingsboard_closes", 4, 0.0),
    ("database_away", 4, 200.0),
    ("takeover", 2, 0.0),
    ("deaf", 3, 0.0),
    ("late", 2, 60.0),
    ("limits_change", 1, 0.0),
    ("mosquitto_kill", 3, 20.0),
    ("bridge_kill", 2, 5.0),
    ("bridge_restart", 2, 5.0),
    ("power_cut", 2, 20.0),
    ("disk_full", 2, 60.0),
    ("clock_step", 1, 0.0),
    ("renamed_meter", 1, 2.0),
    ("device_deleted", 1, 0.0),
    ("not_gateway", 1, 120.0),
)

_FORGETS = ("thingsboard_kill", "kill_at_mark", "database_away")


def draw(seed: int, via: str = "mosquitto") -> Plan:
    """The plan of a seed; the way is none of its choices, so that both ways are put to the same trials."""
    return dataclasses.replace(_drawn(seed), via=via)


def _drawn(seed: int) -> Plan:
    rng = random.Random(seed)
    meters = _meters(rng)
    budget = min(20_000.0, max(20.0, rng.lognormvariate(4.1, 1.0)))
    if meters >= 300:
        budget = meters * rng.uniform(1.0, 2.0)
    each = max(1.0, budget / meters)
    interval_s = rng.choice((1.0, 5.0, 10.0, 10.0, 30.0, 60.0))
    backlog = int(each * rng.random()) if rng.random() < 0.3 else 0
    feed_s = min(1200.0, max(20.0, (each - backlog) * interval_s))
    plan = Plan(
        seed=seed,
        meters=meters,
        keys=rng.choice((1, 3, 5, 5, 20)),
        interval_s=interval_s,
        feed_s=round(feed_s, 1),
        backlog=backlog,
        as_device=meters == 1 and rng.random() < 0.5,
        version=rng.choice(VERSIONS),
        store_rate_per_s=rng.choice((6000.0, 6000.0, 3000.0, 500.0)),
        commit_s=rng.choice((0.2, 1.0, 1.0, 5.0)),
        disk_s=rng.choice((0.0, 0.002, 0.002, 0.05, 0.4)),
    )
    plan = dataclasses.replace(plan, **_line(rng), **_limits(rng, plan), **_devices(rng, plan))
    if rng.random() < 0.08:
        plan = dataclasses.replace(plan, drop_every=rng.choice((3, 5, 9, 30)))
    if rng.random() < 0.03:
        plan = dataclasses.replace(plan, poison=rng.choice((100, 100, 1000)))
    if rng.random() < 0.04:
        plan = dataclasses.replace(plan, answers_mark=False)
    return dataclasses.replace(plan, faults=_faults(rng, plan))


def _meters(rng: random.Random) -> int:
    pick = rng.random()
    if pick < 0.55:
        return rng.randint(1, 8)
    if pick < 0.93:
        return rng.randint(9, 60)
    if pick < 0.992:
        return rng.randint(61, 300)
    return rng.randint(301, 2000)


def _line(rng: random.Random) -> dict[str, float]:
    pick = rng.random()
    if pick < 0.6:
        return {"delay_s": round(rng.uniform(0.0, 0.05), 4), "jitter_s": round(rng.uniform(0.0, 0.02), 4)}
    if pick < 0.8:
        return {"delay_s": round(rng.uniform(0.05, 1.0), 3), "jitter_s": round(rng.uniform(0.0, 0.5), 3)}
    bytes_s = rng.choice((150.0, 1200.0, 2500.0, 12_500.0, 50_000.0))
    return {
        "delay_s": round(rng.uniform(0.05, 0.6), 3),
        "jitter_s": round(rng.uniform(0.0, 0.3), 3),
        "up_bytes_s": bytes_s,
        "down_bytes_s": bytes_s,
    }


def _limits(rng: random.Random, plan: Plan) -> dict[str, Any]:
    if rng.random() < 0.6:
        return {}
    needs_s = plan.meters / plan.interval_s  # telemetry messages a second, if every sample were one

    def rate(share: float, least: int) -> str:
        per_s = max(0.5, needs_s * share)
        if rng.random() < 0.5:
            return f"{max(least, round(per_s))}:1"
        return f"{max(least, round(per_s * 2))}:1,{max(30, round(per_s * 60))}:60"

    # A question about a device that is not open yet costs three regular messages at once.
    said = [rate(rng.uniform(0.3, 3.0), least) if rng.random() < 0.7 else "" for least in (3, 1)]
    points = f"{max(100, round(needs_s * plan.keys * rng.uniform(1.5, 4)))}:1" if rng.random() < 0.3 else ""
    if rng.random() < 0.5:
        return {"tenant": (said[0], _at_least_two(said[1]), points)}
    if rng.random() < 0.2:
        return {"gateway": (said[0], _at_least_two(said[1]), points), "untold": True}
    return {"gateway": (*said, points)}


def _at_least_two(text: str) -> str:
    """One message a second that nobody tells of is among what is known to stand still (``test_simulation.py``)."""
    return f"2{text[1:]}" if text.startswith("1:") else text


def _devices(rng: random.Random, plan: Plan) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if plan.as_device:
        return said
    if rng.random() < 0.15:
        said["room"] = rng.randint(0, plan.meters)
        said["room_from_s"] = round(rng.uniform(0.3, 1.2) * plan.feed_s, 1)
    if rng.random() < 0.04:
        said["bad_names"] = 1
    return said


def _faults(rng: random.Random, plan: Plan) -> tuple[Fault, ...]:
    count = min(8, int(rng.expovariate(0.5)))
    # Where no mark shows what is stored, what ThingsBoard forgets is lost, and nobody can know.
    possible = [one for one in KINDS if plan.answers_mark or one[0] not in _FORGETS]
    kinds, weights, longest = zip(*possible, strict=True)
    found = []
    for kind in rng.choices(kinds, weights, k=count):
        for_s = longest[kinds.index(kind)]
        found.append(
            Fault(
                round(rng.uniform(0.0, plan.feed_s), 3),
                kind,
                round(for_s * rng.random() ** 2, 2),
                round(rng.random(), 4),
            )
        )
    if rng.random() < 0.05:
        every_s = rng.choice((20.0, 30.0, 45.0))
        kind = rng.choice(
            ("thingsboard_closes", "thingsboard_kill", "line_cut") if plan.answers_mark else ("line_cut",)
        )
        found += [Fault(at_s, kind, 1.0, 0.5) for at_s in range(10, int(plan.feed_s), int(every_s))][:20]
    return tuple(sorted(found, key=lambda fault: fault.at_s))
