"""What the lease says of itself, for whoever judges or shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The lease of this bridge's shard, as it is now.

    Args:
        shard: its number.
        held: whether this bridge may read its meters.
        left_s: for how long, unless it is renewed.
        holder: the machine that holds it instead; empty while none is known.
        witnesses: how many there are.
        answering: how many of them answered the last time.
        just_started: of those, how many have started so recently that they grant nothing yet.
        too_long: whether one of them grants shorter leases only.
        another_count: whether one of them has granted leases for another number of shards.
    """

    shard: int
    held: bool
    left_s: float
    holder: str
    witnesses: int
    answering: int
    just_started: int
    too_long: bool
    another_count: bool = False

    @property
    def waits_for(self) -> str:  # noqa: PLR0911 - a reason each
        """What it waits for, for people; empty while it is held."""
        if self.held:
            return ""
        needed = self.witnesses // 2 + 1
        if self.holder:
            return f"waits for the lease of shard {self.shard}, held by {self.holder}"
        if self.too_long:
            return (
                f"gets no lease of shard {self.shard}: a witness grants shorter ones only; give it and the bridges the "
                "same SHARD__LEASE"
            )
        if self.another_count:
            return (
                f"waits for the lease of shard {self.shard}: bridges with another SHARD__COUNT still hold theirs; it "
                "comes when they have stopped"
            )
        if self.answering < needed:
            return (
                f"gets no lease of shard {self.shard}: {self.answering} of {self.witnesses} witnesses answer, {needed} "
                "are needed; are they up, and is SHARD__SECRET theirs?"
            )
        if self.just_started:
            return f"waits for the lease of shard {self.shard}: the witnesses have just started and grant none yet"
        return f"waits for the lease of shard {self.shard}"
