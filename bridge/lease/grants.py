"""What a witness has granted: one vote a shard, to one holder, until it has run out. Pure; in memory alone.

Rules
    A vote is the holder's until its seconds are over by the witness's own clock. Until then nobody else gets it.
    A witness that has just started has forgotten what it granted before: it grants nothing until the longest lease that
    it can have granted is over; but more to whoever shows by a receipt that it has this witness's vote now.
    Released is a vote by its holder alone.
    All votes at a time are for one number of shards. With another number the meters are shared out otherwise: shard 3
    of 3 reads what shard 1 of 2 may be reading still, so it gets no vote before the last of the old number is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.lease.wire import Why, WitnessAnswer, WitnessQuestion

if TYPE_CHECKING:
    from bridge.lease.receipts import Receipts


@dataclass(frozen=True, slots=True)
class _Vote:
    holder: str
    until_s: float
    shards: int


class Grants:
    """The votes of one witness. Times are seconds of one clock that nobody sets.

    Args:
        longest_s: the longest lease that is granted, now and before this start.
        now_s: when the witness began.
        receipts: writes and reads them.
    """

    def __init__(self, *, longest_s: float, now_s: float, receipts: Receipts) -> None:
        self._receipts = receipts
        self._longest_s = longest_s
        self._quiet_until_s = now_s + longest_s
        self._votes: dict[int, _Vote] = {}

    def answer(self, question: WitnessQuestion, now_s: float) -> WitnessAnswer:
        """Do what is asked and return what to say."""
        match question.do:
            case "ask":
                return self._ask(question, now_s)
            case "release":
                vote = self._vote(question.shard, now_s)
                if vote is not None and vote.holder == question.holder:
                    del self._votes[question.shard]
        return self._seen(question, now_s)

    def _ask(self, question: WitnessQuestion, now_s: float) -> WitnessAnswer:
        if question.lease_s > self._longest_s:
            return WitnessAnswer(question.nonce, False, "", 0.0, "lease too long")
        votes = [vote for shard in tuple(self._votes) if (vote := self._vote(shard, now_s)) is not None]
        if others_s := [vote.until_s - now_s for vote in votes if vote.shards != question.shards]:
            return self._said(question, False, "", max(others_s), "another count")
        vote = self._vote(question.shard, now_s)
        if now_s < self._quiet_until_s and vote is None and now_s >= self._receipts.until_s(question):
            return self._said(question, False, "", self._quiet_until_s - now_s, "just started")
        if vote is not None and vote.holder != question.holder:
            return self._said(question, False, vote.holder, vote.until_s - now_s, "held")
        vote = self._votes[question.shard] = _Vote(question.holder, now_s + question.lease_s, question.shards)
        receipt = self._receipts.written(question, vote.until_s)
        return WitnessAnswer(question.nonce, True, question.holder, question.lease_s, "granted", receipt)

    def _seen(self, question: WitnessQuestion, now_s: float) -> WitnessAnswer:
        vote = self._vote(question.shard, now_s)
        if vote is None and now_s < self._quiet_until_s:
            return self._said(question, False, "", self._quiet_until_s - now_s, "just started")
        if vote is None:
            return self._said(question, False, "", 0.0, "nobody holds it")
        return self._said(question, False, vote.holder, vote.until_s - now_s, "held")

    def _vote(self, shard: int, now_s: float) -> _Vote | None:
        vote = self._votes.get(shard)
        if vote is not None and now_s >= vote.until_s:
            del self._votes[shard]
            return None
        return vote

    @staticmethod
    def _said(question: WitnessQuestion, granted: bool, holder: str, left_s: float, why: Why) -> WitnessAnswer:
        return WitnessAnswer(question.nonce, granted, holder, round(left_s, 3), why)
