"""COSEM types that say more than the plain value they are kept in: an enum is a number, a bit string is text.

Each is the plain type to whoever does not ask; code that shows or publishes a value does.
"""

from __future__ import annotations


class Enum(int):
    """An enum: a number that stands for a word."""

    __slots__ = ()


class Bits(str):
    """A bit string, its bits as they came, first the most significant. Never a number, however it looks."""

    __slots__ = ()


class Stamp(bytes):
    """A date-time, a date or a time that was sent as such and not as an octet string."""

    __slots__ = ()
