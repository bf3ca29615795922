"""A meter's frames for people to read: in hex, with secrets masked. In the log for ``LOG__TRACE_METERS``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Iterable

_MASK = "**"
_PIECE_BYTES = 4
"""So much of a secret in a row is masked: a long request travels in segments, and a password may stand in two."""
_FLAG = 0x7E
# Reply_to_HLS_authentication: action 1 of the association object, its parameter and its answer (IEC 62056-5-3, 7.3.7).
_PROOF_ASKED = re.compile(rb"\xc3\x01.\x00\x0f\x00\x00\x28\x00\x00\xff\x01\x01\x09([\x01-\x7f])", re.DOTALL)
_PROOF_GIVEN = re.compile(rb"\xc7\x01.\x00\x01\x00\x09([\x01-\x7f])", re.DOTALL)
_PROOF_READ = re.compile(rb"\x05\x01\x04\xfa\x58[\x00\x01]\x09([\x01-\x7f])", re.DOTALL)
_PROOF_READ_BACK = re.compile(rb"\x0c\x01\x00\x09([\x01-\x7f])", re.DOTALL)
_PROOF_WRITTEN = re.compile(rb"\x06\x01\x02\xfa\x58\x01\x09([\x01-\x7f])", re.DOTALL)
_PROOFS = (_PROOF_ASKED, _PROOF_GIVEN, _PROOF_READ, _PROOF_WRITTEN)


class Mask:
    """Writes the frames of one meter in hex, given in their order.

    Hidden are: the secrets, wherever they or long pieces of them stand (a password goes in clear within the AARQ); both
    proofs of high-level security, from which a weak password can be guessed; and the check sequence of a frame with
    hidden octets, which would help to guess them.

    Args:
        secrets: byte strings that are hidden.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._pieces = frozenset(piece for secret in secrets for piece in _pieces(secret))
        self._is_proof_next = False  # an answer by short name does not say what it answers

    def shown(self, data: bytes) -> str:
        """Return ``data`` as pairs of digits, ``**`` for each octet that is hidden."""
        hidden = self._secret(data) | self._proofs(data)
        if hidden and data[0] == data[-1] == _FLAG:
            hidden |= {len(data) - 3, len(data) - 2}
        return " ".join(_MASK if at in hidden else f"{octet:02X}" for at, octet in enumerate(data))

    def _secret(self, data: bytes) -> set[int]:
        hidden: set[int] = set()
        for piece in self._pieces:
            at = data.find(piece)
            while at >= 0:
                hidden.update(range(at, at + len(piece)))
                at = data.find(piece, at + 1)
        return hidden

    def _proofs(self, data: bytes) -> set[int]:
        hidden: set[int] = set()
        for pattern in (*_PROOFS, _PROOF_READ_BACK) if self._is_proof_next else _PROOFS:
            for proof in pattern.finditer(data):
                hidden.update(range(proof.end(), min(proof.end() + proof[1][0], len(data))))
        if _PROOF_READ.search(data):
            self._is_proof_next = True
        elif _PROOF_READ_BACK.search(data):
            self._is_proof_next = False
        return hidden


class Trace:
    """Logs the frames of one meter.

    Args:
        meter: its name.
        secrets: what is masked; see :class:`Mask`.
    """

    def __init__(self, meter: str, secrets: Iterable[bytes]) -> None:
        self._meter = meter
        self._mask = Mask(secrets)
        self._log = logger.bind(meter=meter, trace=True)

    def sent(self, frames: bytes) -> None:
        """A request went out."""
        self._log.info("{} | -> {}", self._meter, self._mask.shown(frames))

    def came(self, frame: bytes) -> None:
        """A whole frame came back."""
        self._log.info("{} | <- {}", self._meter, self._mask.shown(frame))


def _pieces(secret: bytes) -> list[bytes]:
    """Return what gives ``secret`` away: all pieces of a length, or the whole where it is no longer than that."""
    last = max(len(secret) - _PIECE_BYTES, 0)
    return [secret[at : at + _PIECE_BYTES] for at in range(last + 1)] if secret else []
