"""Where an APDU ends that stands bare in the stream, with no frame around it to say so. Bytes as they come; bounded.

Ciphered ones and blocks say their length. Plain notifications end where their data end: those are followed element by
element, each looked at once, however small the pieces are in which they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.axdr import DEEPEST, length_at, simple_end
from bridge.dlms.push.blocks import GENERAL_BLOCK_TRANSFER
from bridge.dlms.push.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION, data_value_at, event_value_at
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from typing import Final

GENERAL_GLO, GENERAL_DED, GENERAL, SIGNED, GLO_EVENT = 0xDB, 0xDC, 0xDD, 0xDF, 0xCA
TAGS: Final = frozenset(
    {DATA_NOTIFICATION, EVENT_NOTIFICATION, GENERAL_BLOCK_TRANSFER}
    | {GENERAL_GLO, GENERAL_DED, GENERAL, SIGNED, GLO_EVENT}
)
"""What a bare message may begin with."""


class BareMessage:
    """One APDU as it grows."""

    def __init__(self) -> None:
        self._scan: _DataScan | None = None

    def end(self, data: bytearray) -> int | None:
        """Return how long the APDU is with which ``data`` begins; None while its end is not known.

        Where the length is said it may be more than there is.

        Args:
            data: what came so far; never less, nor other octets, than at the call before.

        Raises:
            DecodeError: it is none that is understood. Where it ends, nobody knows.
        """
        try:
            if self._scan is None:
                if (start := _value_at(data)) is None:
                    return _said_end(data)
                self._scan = _DataScan(start)
            return self._scan.end(data)
        except IndexError:
            return None


def _value_at(data: bytearray) -> int | None:
    """Return where the data of a plain notification begin; None for an APDU that says its length."""
    if data[0] == DATA_NOTIFICATION:
        return data_value_at(data)
    return event_value_at(data) if data[0] == EVENT_NOTIFICATION else None


def _said_end(data: bytearray) -> int:
    at = {GENERAL_BLOCK_TRANSFER: 6, GLO_EVENT: 1}.get(data[0], 0)
    if data[0] in (GENERAL_GLO, GENERAL_DED):
        at = 2 + data[1]
    if not at:
        raise DecodeError(f"sent an APDU that begins with {data[0]:02X} and no frame around it")
    size, at = length_at(data, at)
    return at + size


class _DataScan:
    """Follows one A-XDR value to its end."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._left = [1]
        """Elements still to come, of the value itself and of each array or structure that is open in it."""

    def end(self, data: bytearray) -> int:
        """Return where the value ends.

        Raises:
            IndexError: not all of it is there.
            DecodeError: it is none.
        """
        while self._left:
            if not self._left[-1]:
                self._left.pop()
                continue
            tag, at, count = data[self._at], self._at + 1, 0
            if tag in (0x01, 0x02):
                count, at = length_at(data, at)
            else:
                at = simple_end(tag, data, at)
            if at > len(data):
                raise IndexError
            self._at = at
            self._left[-1] -= 1
            if count:
                self._left.append(count)
                if len(self._left) > DEEPEST + 1:
                    raise DecodeError("sent data nested too deep")
        return self._at
