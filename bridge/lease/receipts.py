"""Receipts of votes: with them a witness that was restarted goes on where it was, though it keeps nothing. Pure.

A receipt says until when the vote of this witness, by its clock in this boot of its machine, is the holder's, and only
somebody with the secret can have made it. The witness that made it had given the vote to nobody else for that time; so
it may be renewed at once, where all others have to wait. After a boot the clock is another one, and it is worthless.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.lease.wire import WitnessQuestion


class Receipts:
    """Writes and reads them.

    Args:
        secret: the witnesses' and the bridges'.
        boot: names this boot of this machine; empty where it cannot be told: then no receipt is believed.
    """

    def __init__(self, secret: bytes, boot: str) -> None:
        self._secret, self._boot = secret, boot

    def written(self, question: WitnessQuestion, until_s: float) -> str:
        """Return the receipt for a vote that was just given."""
        until = f"{until_s:.3f}"
        return f"{until}/{self._mac(question, until)}" if self._boot else ""

    def until_s(self, question: WitnessQuestion) -> float:
        """Return until when the vote is the asking one's, by the receipt that it shows; minus infinity without one."""
        until, _, mac = question.receipt.partition("/")
        if not self._boot or not hmac.compare_digest(mac.encode(), self._mac(question, until).encode()):
            return float("-inf")
        return float(until)

    def _mac(self, question: WitnessQuestion, until: str) -> str:
        said = "\n".join(("receipt", self._boot, question.asked_as, str(question.shard), question.holder, until))
        return hmac.digest(self._secret, said.encode(), "sha256").hex()
