"""The access rights that an object list states for its client (IEC 62056-6-2, Association LN, attribute 2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_READING, _WRITING = frozenset({1, 3, 4, 6}), frozenset({2, 3, 5, 6})
"""Up to version 2 of the association: no access, read, write, both, then the same three authenticated."""
_READ_BIT, _WRITE_BIT = 0x01, 0x02  # from version 3 on
_BITS_FROM: Final = 3


@dataclass(frozen=True, slots=True)
class AccessRights:
    """What a client may do with an object.

    Args:
        read: attributes that it may read.
        write: attributes that it may write.
        methods: methods that it may call.
    """

    read: tuple[int, ...] = ()
    write: tuple[int, ...] = ()
    methods: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return them in a few characters: ``r 1-3 w 2 m 1``."""
        kinds = (("r", self.read), ("w", self.write), ("m", self.methods))
        return " ".join(f"{letter} {_ranges(numbers)}" for letter, numbers in kinds if numbers) or "-"

    def plain(self) -> dict[str, list[int]]:
        """Return them as what JSON knows."""
        return {"read": list(self.read), "write": list(self.write), "methods": list(self.methods)}


def access_rights(stated: Any, association_version: int) -> AccessRights | None:
    """Return the rights that an object list element states; None when it states none that make sense.

    Args:
        stated: its access_rights: a structure of attribute and method access items.
        association_version: of the association object: from 3 on a mode is a bit field.
    """
    if not isinstance(stated, list) or len(stated) != 2:
        return None
    attributes, methods = (_items(part) for part in stated)
    if attributes is None or methods is None:
        return None
    is_bits = association_version >= _BITS_FROM or any(mode > max(_READING) for _, mode in attributes)
    return AccessRights(
        tuple(number for number, mode in attributes if (mode & _READ_BIT if is_bits else mode in _READING)),
        tuple(number for number, mode in attributes if (mode & _WRITE_BIT if is_bits else mode in _WRITING)),
        tuple(number for number, mode in methods if mode),
    )


def _items(part: Any) -> list[tuple[int, int]] | None:
    """Return number and mode of each access item; a method's mode may be a boolean."""
    if not isinstance(part, list):
        return None
    items = [(item[0], int(item[1])) for item in part if _is_item(item)]
    return items if len(items) == len(part) else None


def _is_item(item: Any) -> bool:
    return isinstance(item, list) and len(item) >= 2 and isinstance(item[0], int) and isinstance(item[1], int)


def _ranges(numbers: Sequence[int]) -> str:
    """Return ``1-3,7`` for 1, 2, 3 and 7."""
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in _runs(sorted(set(numbers))))


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs
