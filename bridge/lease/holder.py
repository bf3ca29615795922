"""A bridge's side of the lease: asks the witnesses round by round, and knows until when it may work.

Rules
    It is held once. What was lost is not picked up again: whoever works under it lets go of everything and begins anew.
    A name is used for one attempt alone: a vote under an old name, late or sent again by a stranger, gives nobody
    anything and takes nothing from anybody.
    A round that ends without a majority gives its votes back, or two that ask at once would keep each other out.
    Whether a byte may be sent is asked of the clock (:meth:`ShardLease.permits`), not of a task or a timer: those stand
    still together with a process that is stopped.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.clock.uptime import up_s
from bridge.lease.state import LeaseState
from bridge.lease.tenure import LeaseTimes, Tenure
from bridge.lease.wire import WitnessQuestion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from bridge.lease.wire import Verb, WitnessAnswer

_LONGEST_SLEEP_S = 0.5
"""The event loop's timers do not count while the machine sleeps."""
_HASTE = 5.0
"""Nothing depends on whether a release arrives: the vote runs out by itself."""


class Witness(Protocol):
    """One of those who vote."""

    @property
    def name(self) -> str:
        """As which it is asked; all bridges have the same."""

    async def put(self, question: WitnessQuestion, timeout_s: float) -> WitnessAnswer | None:
        """Ask it, and return what it says; None when it does not answer in time."""


class ShardLease:
    """The lease of one shard: wanted, held, lost.

    Args:
        shard: its number.
        node: the machine's name, for people.
        witnesses: all of them; an odd number.
        lease_s: how long a lease lasts that is not renewed.
        rng: jitter.
        clock_s: seconds that go on while the process is stopped, and that nobody sets.
    """

    def __init__(
        self,
        shard: int,
        node: str,
        witnesses: Sequence[Witness],
        *,
        lease_s: float,
        rng: Random,
        clock_s: Callable[[], float] = up_s,
        shards: int = 1,
    ) -> None:
        self._shard, self._shards, self._node = shard, shards, node
        self._witnesses = witnesses
        self._rng, self._clock_s = rng, clock_s
        self.times = LeaseTimes(lease_s)
        self._answers: list[WitnessAnswer | None] = [None] * len(witnesses)
        self._obtained = asyncio.Event()
        self._over = False
        self._told = ""
        self._begin()

    def _begin(self) -> None:
        self._name = f"{self._node}/{secrets.token_hex(6)}"
        self._tenure = Tenure(len(self._witnesses), self.times)
        self._receipts = [""] * len(self._witnesses)

    def permits(self) -> bool:
        """Whether a byte may be sent to a meter now. Cheap; on any thread."""
        return self._clock_s() < self._tenure.shut_s and not self._over

    @property
    def permits_for_s(self) -> float:
        """For how long it does, unless the lease is renewed."""
        return max(0.0, self._tenure.shut_s - self._clock_s()) if self.permits() else 0.0

    @property
    def state(self) -> LeaseState:
        """How it is now. On any thread."""
        answers = [answer for answer in self._answers if answer is not None]
        others = [answer.holder for answer in answers if not answer.granted and answer.holder]
        return LeaseState(
            shard=self._shard,
            held=self.permits(),
            left_s=self.permits_for_s,
            holder=max(others, key=others.count).partition("/")[0] if others else "",
            witnesses=len(self._witnesses),
            answering=len(answers),
            another_count=any(answer.why == "another count" for answer in answers),
            just_started=sum(answer.why == "just started" for answer in answers),
            too_long=any(answer.why == "lease too long" for answer in answers),
        )

    async def run(self) -> None:
        """Ask for the lease, and for more of it, until it is lost."""
        while not self._over:
            began_s = self._clock_s()
            await self._round()
            jitter = 1.0 if self._obtained.is_set() else self._rng.uniform(0.7, 1.3)
            await asyncio.sleep(max(0.0, began_s + jitter * self.times.round_s - self._clock_s()))

    async def held(self) -> None:
        """Return when it is held."""
        await self._obtained.wait()

    async def leaving(self) -> None:
        """Return when it is about to end, or has ended: the meters are to be released now. Await :meth:`held` first."""
        while (left_s := self._tenure.leaving_s - self._clock_s()) > 0 and not self._over:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(min(left_s, _LONGEST_SLEEP_S))

    async def release(self) -> None:
        """Give it back, so that another may take it at once; nothing is sent to a meter from here on."""
        self._over = True
        await self._put_to_all("release", self._name)

    async def _round(self) -> None:
        if self._lost():
            return
        name = self._name
        self._answers = await self._put_to_all("ask", name)
        if self._lost() or self._obtained.is_set() or self._over:
            return
        self._tell()
        if any(answer is not None and answer.granted for answer in self._answers):
            self._begin()  # before anything is given back: a vote that was given back is not counted
            await self._put_to_all("release", name)

    def _tell(self) -> None:
        """Say what it waits for, once for each reason."""
        waits = self.state.waits_for
        if waits and waits != self._told:
            self._told = waits
            logger.info("lease | {}", waits)

    def _lost(self) -> bool:
        """Whether it was held once and is not any more; then it is over."""
        if self._obtained.is_set() and not self._over and not self.permits():
            self._over = True
            logger.warning("lease | shard {} | lost: not renewed in time", self._shard)
        return self._over

    async def _put_to_all(self, do: Verb, name: str) -> list[WitnessAnswer | None]:
        return list(await asyncio.gather(*(self._put(do, name, number) for number in range(len(self._witnesses)))))

    async def _put(self, do: Verb, name: str, number: int) -> WitnessAnswer | None:
        tenure, asked_s = self._tenure, self._clock_s()
        witness, receipts = self._witnesses[number], self._receipts
        question = WitnessQuestion(
            do, self._shard, name, self.times.lease_s, secrets.token_hex(8), witness.name, receipts[number],
            self._shards,
        )  # fmt: skip
        patience_s = self.times.round_s if do == "ask" else self.times.round_s / _HASTE
        answer = await witness.put(question, patience_s)
        if do == "ask" and answer is not None and answer.granted and answer.holder == name:
            was_lost = self._lost()  # looked at before this vote: what had run out is not revived by it
            tenure.granted(number, asked_s)
            receipts[number] = answer.receipt
            if not was_lost and not self._obtained.is_set() and self.permits():
                self._obtained.set()
                logger.info("lease | shard {} | held", self._shard)
        return answer
