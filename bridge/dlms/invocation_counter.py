"""What the protocol asks of an invocation counter: numbers that are never used twice. It does not keep them.

Rules
    A number that was used once with a key is never used again with it (IEC 62056-5-3, 9.2.3.3.7.3): a second use breaks
    AES-GCM for good, and meters refuse it. So a counter belongs to a key, and meters that share a key share it.
    ``meters/counter_store.py`` keeps them on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from bridge.dlms.security_keys import SecurityKeys

LIMIT: Final = 1 << 32
"""The first number that the four octets of an invocation counter do not hold."""


class InvocationCounter(Protocol):
    """The numbers of one key."""

    @property
    def next(self) -> int:
        """The number that is given out next."""

    @property
    def is_low(self) -> bool:
        """Whether :meth:`reserve` should be called soon."""

    @property
    def remaining_ratio(self) -> float:
        """Share of all numbers that this key still has; near 0 the key must be changed."""

    def take(self) -> int:
        """Return a number that was never given out before.

        Raises:
            AssociationError: the reserved ones are used up. Call :meth:`reserve`, then associate again.
        """

    def reserve(self, least: int = 0) -> None:
        """Make sure that there are numbers to take; may wait for a disk.

        Args:
            least: no number below this one is given out any more: what the meter has seen already.

        Raises:
            AssociationError: there are none, and why. Associate again later.
        """

    def give_up(self) -> None:
        """Drop what is reserved if others have drawn since: the meter may have seen their higher numbers.

        Raises:
            AssociationError: the disk does not say.
        """

    def seen_by_meter(self, number: int) -> None:
        """Skip to ``number``, the lowest that the meter will take; never back.

        Raises:
            AssociationError: as :meth:`reserve`; or the number would all but use up the key, and is not believed.
        """


class InvocationCounters(Protocol):
    """The counters of an installation."""

    def of(self, keys: SecurityKeys) -> InvocationCounter:
        """Return the counter of the encryption key, the same object for the same key."""
