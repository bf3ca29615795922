"""Faults that the wing once had, put back one at a time: with each of them the simulation must fail.

A bite is as small as it can be: one rule of the wing taken away. ``python -m tests.delivery.simulation --bite NAME``
looks for the first seed that it bites in; the plan that stands with each is one that it was found to bite in.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

from bridge.delivery import line
from bridge.delivery.confirmation import choice
from bridge.delivery.confirmation.mark_speed import MarkSpeed
from bridge.delivery.introductions import Introductions
from bridge.delivery.learnt_rate import LearntRate
from bridge.delivery.line import Line
from bridge.delivery.mosquitto import MosquittoUpstream
from bridge.delivery.rate_limits import RateLimits
from bridge.delivery.turns import Turns
from bridge.delivery.waiting_rows import WaitingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Bite:
    """One fault.

    Args:
        fault: its number in the list of what was found.
        says: what the wing does wrong with it.
        patches: owner, name, and what stands there instead.
        plan: a run that it makes fail.
        shows: words of how it does.
    """

    fault: int
    says: str
    patches: Callable[[], list[tuple[Any, str, Any]]]
    plan: str
    shows: str


@contextmanager
def put_back(name: str | None) -> Iterator[None]:
    """While it lasts the wing has the fault; none without a name."""
    with ExitStack() as stack:
        for owner, attribute, instead in BITES[name].patches() if name else ():
            stack.enter_context(mock.patch.object(owner, attribute, instead))
        yield


def _accepted_is_stored() -> list[tuple[Any, str, Any]]:
    real = choice.Marks
    return [(choice, "Marks", lambda **more: real(**{**more, "used": False}))]


def _no_grace() -> list[tuple[Any, str, Any]]:
    return [(MarkSpeed, "grace_s", property(lambda _: -math.inf))]


def _unproven() -> list[tuple[Any, str, Any]]:
    return [(WaitingRows, "is_open", lambda *_: True)]


def _never_renewed() -> list[tuple[Any, str, Any]]:
    return [(MosquittoUpstream, "renew", lambda *_: None)]


def _too_many_entries() -> list[tuple[Any, str, Any]]:
    real = RateLimits.telemetry_wait_s
    return [
        (RateLimits, "entries", lambda *_: math.inf),
        (RateLimits, "telemetry_wait_s", lambda self, now_s, **_: real(self, now_s)),
        # Closes teach neither a rate nor a smaller message: either would save it.
        *_nothing_learnt(),
        *_fixed_size(),
    ]


def _burst_of_introductions() -> list[tuple[Any, str, Any]]:
    return [
        (RateLimits, "regular_wait_s", lambda *_: 0.0),
        (Introductions, "is_busy", lambda *_: False),
    ]


def _nothing_learnt() -> list[tuple[Any, str, Any]]:
    return [
        (LearntRate, "available", lambda *_: math.inf),
        (LearntRate, "wait_s", lambda *_: 0.0),
    ]


def _fixed_size() -> list[tuple[Any, str, Any]]:
    return [
        (Line, "accepted", lambda *_: None),
        (Line, "failed", lambda *_: None),
        (Line, "message_bytes", property(lambda _: 60_000)),
        (Line, "patience_s", lambda *_: 20.0),
        (line, "_FIRST_BYTES", 320_000),
    ]


def _empty_queue() -> list[tuple[Any, str, Any]]:
    real = Turns._send_samples

    async def send_samples(self: Turns, now_s: float) -> bool:
        if not self._parts.sending.way.messages and self._parts.limits.telemetry_wait_s(now_s) > 0:
            raise IndexError("pop from an empty deque")
        return await real(self, now_s)

    return [(Turns, "_send_samples", send_samples)]


BITES: dict[str, Bite] = {
    "accepted-is-stored": Bite(
        1,
        "what ThingsBoard acknowledged counts as stored",
        _accepted_is_stored,
        '{"meters":2,"interval_s":5.0,"feed_s":20.0,"faults":[[10.0,"database_away",60.0,0.0]]}',
        "confirmed and are not stored",
    ),
    "no-grace": Bite(
        2,
        "a mark counts for what was accepted just before it",
        _no_grace,
        '{"meters":5,"interval_s":1.0,"feed_s":60.0,"backlog":1000,"store_rate_per_s":200.0,'
        '"faults":[[8.0,"kill_at_mark",1.0,0.0],[20.0,"kill_at_mark",1.0,0.0],[32.0,"kill_at_mark",1.0,0.0],'
        '[44.0,"kill_at_mark",1.0,0.0]]}',
        "confirmed and are not stored",
    ),
    "unproven": Bite(
        3,
        "samples go before their device is proven",
        _unproven,
        '{"meters":4,"feed_s":60.0,"room":2,"room_from_s":50.0}',
        "confirmed and are not stored",
    ),
    "never-renewed": Bite(
        4,
        "a message that is never acknowledged is waited for, for ever",
        _never_renewed,
        '{"faults":[[60.0,"deaf",0.0,0.2]]}',
        "stands still",
    ),
    "too-many-entries": Bite(
        6,
        "a message of many devices counts as one",
        _too_many_entries,
        '{"meters":60,"interval_s":20.0,"feed_s":90.0,"gateway":["","3:1",""],"delay_s":0.05,"commit_s":10.0}',
        "samples wait",
    ),
    "burst": Bite(
        7,
        "introductions keep to no limit",
        _burst_of_introductions,
        '{"meters":60,"feed_s":60.0,"tenant":["5:1","",""]}',
        "stands still",
    ),
    "nothing-learnt": Bite(
        8,
        "a limit that is not told is never learnt",
        _nothing_learnt,
        '{"meters":60,"feed_s":60.0,"tenant":["","5:1",""]}',
        "samples wait",
    ),
    "fixed-size": Bite(
        9,
        "messages of 60 kB and 20 s for an answer, on every line",
        _fixed_size,
        '{"meters":10,"interval_s":60.0,"feed_s":60.0,"backlog":60,"delay_s":0.3,"up_byte'
        's_s":150.0,"down_bytes_s":150.0}',
        "stands still",
    ),
    "empty-queue": Bite(
        11,
        "what is not there is taken",
        _empty_queue,
        '{"meters":60,"feed_s":60.0,"gateway":["10:1,100:60","10:1,100:60",""]}',
        "the wing fell over",
    ),
}
