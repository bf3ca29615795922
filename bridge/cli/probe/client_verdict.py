"""What an answer to an association request without a secret says of the client who asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bridge.cli.probe.port_questions import quotation
from bridge.dlms import acse
from bridge.errors import FramingError, LinkError, MeterError, ReplyTimeout

if TYPE_CHECKING:
    from bridge.cli.probe.port_questions import Naming
    from bridge.dlms.acse import Aare

ClientOutcome = Literal[
    "open",  # lets the client in without a secret
    "asks",  # wants a password or a proof
    "ciphered",  # wants everything ciphered
    "refused",  # does not let it in, for a reason that no secret mends
    "unlinked",  # refuses the HDLC connection
    "mute",  # opens the HDLC connection, and says nothing to the association request
    "garbled",  # answers, and what comes is no frame
    "silent",  # says nothing to this client
]


@dataclass(frozen=True, slots=True)
class AssociationAnswer:
    """What came back to an AARQ: an AARE, another APDU, or the error in its place; and whether HDLC was connected."""

    said: Aare | MeterError | bytes
    linked: bool


@dataclass(frozen=True, slots=True)
class ClientVerdict:
    """What came of one client.

    Args:
        client: its address.
        outcome: see above.
        said: the meter's reason, in the standard's words; empty when it gave none.
        referencing: ``ln`` or ``sn``: which context the meter takes.
        mechanism: the authentication that it asks for, where it is known; else empty.
        could_count: whether the refusal may have been counted by the meter as a wrong secret.
        has_reason: whether the meter gave its reason in an AARE, rather than an exception, a close or silence.
    """

    client: int
    outcome: ClientOutcome
    said: str = ""
    referencing: Naming = "ln"
    mechanism: str = ""
    could_count: bool = False
    has_reason: bool = True


def may_mean_naming(answer: AssociationAnswer) -> bool:
    """Return whether ``answer`` may come from a meter that is to be asked by other names."""
    said = answer.said
    if isinstance(said, acse.Aare):
        return said.has_short_names or not (said.accepted or said.asks_for_secret)
    if isinstance(said, ReplyTimeout | LinkError):
        return answer.linked  # it opened the data link, and then had nothing to say
    return True


def judge_association(client: int, naming: Naming, answer: AssociationAnswer) -> ClientVerdict:
    """Return what ``answer`` says of ``client``, who asked by ``naming``."""
    said = answer.said
    if isinstance(said, acse.Aare):
        return _judge_aare(client, naming, said)
    if isinstance(said, FramingError):
        return ClientVerdict(client, "garbled", f"{said} | {said.hint}" if said.hint else str(said))
    if isinstance(said, ReplyTimeout):
        return ClientVerdict(client, "mute" if answer.linked else "silent", has_reason=False)
    if isinstance(said, MeterError):
        outcome: ClientOutcome = "refused" if answer.linked or isinstance(said, LinkError) else "unlinked"
        return ClientVerdict(client, outcome, str(said), has_reason=not answer.linked)
    return ClientVerdict(client, "refused", refusal(said), has_reason=False)


def _judge_aare(client: int, naming: Naming, answer: Aare) -> ClientVerdict:
    if answer.accepted and answer.diagnostic != acse.REQUIRED:
        return ClientVerdict(client, "open", "", naming)
    if answer.asks_for_secret or answer.accepted:
        return ClientVerdict(client, "asks", answer.reason, naming, answer.mechanism, answer.could_count)
    return ClientVerdict(client, "refused", answer.reason, naming)


def refusal(apdu: bytes) -> str:
    """Return what an answer is that is no AARE: an exception, an error, text, or its first octets."""
    if apdu[:1] == b"\xd8":
        return f"exception-response {apdu[1:3].hex(' ').upper()}"
    if apdu[:1] == b"\x0e":
        return f"confirmed service error {apdu[1:4].hex(' ').upper()}"
    return f"answers {quotation(apdu)}" if apdu else "answers nothing"
