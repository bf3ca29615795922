"""What a bridge and a witness say to each other: one datagram there, one back, each signed. Pure.

A datagram is 32 bytes of HMAC-SHA256 and JSON behind them. What is signed begins with which of the two it is, so that
an answer cannot be sent back as a question; an answer repeats the question's nonce, so that no earlier one is taken for
it. Who cannot sign is not answered at all.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

VERSION: Final = 1
MOST_BYTES: Final = 1024
_MAC_BYTES: Final = 32
_QUESTION, _ANSWER = b"question\n", b"answer\n"

Verb = Literal["ask", "release", "look"]
Why = Literal["granted", "held", "just started", "another count", "lease too long", "nobody holds it"]


@dataclass(frozen=True, slots=True)
class WitnessQuestion:
    """What a bridge wants of a witness.

    Args:
        do: ``ask`` for the lease or for more of it, ``release`` it, or just ``look`` who holds it.
        shard: of which shard.
        holder: who asks; a name that is never used again once its lease ended.
        lease_s: for how long.
        nonce: of this question alone.
        asked_as: the witness's name, as all bridges have it.
        receipt: what this witness said with the vote that the holder has; empty when it has none.
        shards: how many share out the fleet, as the holder believes.
    """

    do: Verb
    shard: int
    holder: str
    lease_s: float
    nonce: str
    asked_as: str = ""
    receipt: str = ""
    shards: int = 1


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a witness says.

    Args:
        nonce: of the question.
        granted: whether the holder has this witness's vote, for the seconds that it asked for.
        holder: who has it; empty when nobody has, or nobody knows.
        left_s: for how long, or until the witness grants anything, by its own clock; nothing to count on.
        why: in a word or two.
        receipt: with a vote; whoever shows it to the witness is believed although that has forgotten.
    """

    nonce: str
    granted: bool
    holder: str
    left_s: float
    why: Why
    receipt: str = ""


class Unheard(Exception):  # noqa: N818 - of a stranger, nothing is wrong with us
    """The datagram is not signed with this secret, or makes no sense: drop it."""


def packed(said: WitnessQuestion | WitnessAnswer, secret: bytes) -> bytes:
    """Return the datagram."""
    body = json.dumps({"v": VERSION, **asdict(said)}, separators=(",", ":")).encode()
    return _mac(_QUESTION if isinstance(said, WitnessQuestion) else _ANSWER, body, secret) + body


def question_of(datagram: bytes, secret: bytes) -> WitnessQuestion:
    """Return the question in a datagram.

    Raises:
        Unheard: there is none that was signed with the secret.
    """
    given = _body(_QUESTION, datagram, secret)
    try:
        question = WitnessQuestion(given["do"], given["shard"], given["holder"], given["lease_s"], given["nonce"],
            given.get("asked_as", ""), given.get("receipt", ""), given.get("shards", 1),
        )  # fmt: skip
    except KeyError as missing:
        raise Unheard(f"without {missing}") from None
    sensible = (
        question.do in ("ask", "release", "look")
        and type(question.shard) is int
        and isinstance(question.holder, str)
        and type(question.lease_s) in (int, float)
        and 0 <= question.lease_s < 86_400
        and isinstance(question.nonce, str)
        and isinstance(question.asked_as, str)
        and isinstance(question.receipt, str)
        and type(question.shards) is int
    )
    if not sensible:
        raise Unheard("makes no sense")
    return question


def answer_of(datagram: bytes, secret: bytes) -> WitnessAnswer:
    """Return the answer in a datagram.

    Raises:
        Unheard: there is none that was signed with the secret.
    """
    given = _body(_ANSWER, datagram, secret)
    try:
        return WitnessAnswer(
            str(given["nonce"]), given["granted"] is True, str(given["holder"]), float(given["left_s"]), given["why"],
            str(given.get("receipt", "")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise Unheard("makes no sense") from error


def _body(kind: bytes, datagram: bytes, secret: bytes) -> dict[str, Any]:
    mac, body = datagram[:_MAC_BYTES], datagram[_MAC_BYTES:]
    if len(datagram) > MOST_BYTES or not hmac.compare_digest(mac, _mac(kind, body, secret)):
        raise Unheard("signed with another secret")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unheard("no JSON") from error
    if not isinstance(given, dict) or given.get("v") != VERSION:
        raise Unheard("of another version")
    return given


def _mac(kind: bytes, body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, kind + body, "sha256")
