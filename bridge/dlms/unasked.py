"""What a meter sends by itself while it is asked something else: told from an answer by the tag alone. Pure."""

from __future__ import annotations

from typing import Final

_GENERAL_GLO, _GENERAL_DED = 0xDB, 0xDC
_NO_ANSWERS: Final = frozenset(
    {0x0F, 0xC2, 0x18}  # data notification, event notification, information report
    | {0xCA, 0xDD, 0xDF}  # a ciphered event; general ciphering and signing, by which nothing is asked here
    | {0xE0}  # general block transfer, which is not negotiated here
)


def is_unasked(apdu: bytes, *, general: bool) -> bool:
    """Return whether ``apdu`` answers nothing, as far as can be told without a key.

    Args:
        apdu: from its tag on, as it came.
        general: whether the answers themselves are under general ciphering, as what is pushed is: then only what is
            in it tells.
    """
    tag = apdu[0] if apdu else 0
    return tag in _NO_ANSWERS or (not general and tag in (_GENERAL_GLO, _GENERAL_DED))
