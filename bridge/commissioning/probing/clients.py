"""Which clients a meter lets in, and what it asks of them: one association request each, without any secret.

A client that is refused is never asked the same again in this run; see ``attempts.py`` for what is counted.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bridge.commissioning.probing import acse
from bridge.commissioning.probing.meeting import open_patiently
from bridge.errors import AssociationError, DecodeError, LinkError, MeterError, ReplyTimeout
from bridge.meters.hdlc import Hdlc
from bridge.meters.wrapper import Wrapper

if TYPE_CHECKING:
    from bridge.commissioning.probing.acse import Aare, Context
    from bridge.commissioning.probing.candidates import Address
    from bridge.meters.conversation import Conversation, DataLink
    from bridge.meters.link import Link

Outcome = Literal[
    "open",  # lets the client in without a secret
    "asks",  # wants a password or a proof
    "ciphered",  # wants everything ciphered
    "refused",  # does not let it in, for a reason that no secret mends
    "unlinked",  # refuses the HDLC connection
    "silent",  # says nothing to this client
]
_RELEASE = bytes.fromhex("6203800100")
_CHALLENGE_BYTES = 16
_LEAVE_PATIENCE_S = 3.0
_HIGH = (5, 2, 3, 4, 6, 7)  # GMAC first: what new meters use


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one client.

    Args:
        client: its address.
        outcome: see above.
        said: the meter's reason, in the standard's words; empty when it gave none.
        referencing: ``ln`` or ``sn``: which context the meter takes.
        mechanism: the authentication that it asks for, where it is known; else empty.
        could_count: whether the refusal may have been counted by the meter as a wrong secret.
    """

    client: int
    outcome: Outcome
    said: str = ""
    referencing: Literal["ln", "sn"] = "ln"
    mechanism: str = ""
    could_count: bool = False


class Doorway:
    """Asks one meter for associations.

    Args:
        link: the way to it.
        address: its server address.
        quick_s: after how long the silence to the first question is silence.
        answer_s: how long the answer to a further one may take: making a challenge takes a meter longer than UA.
    """

    def __init__(self, link: Link, address: Address, quick_s: float, answer_s: float) -> None:
        self._link = link
        self._address = address
        self._quick_s = quick_s
        self._answer_s = answer_s

    async def ask(self, client: int) -> Verdict:
        """Ask for an association of ``client`` without a secret, and leave the meter free again.

        Raises:
            LinkError: the connection could not be opened, or broke before the meter said anything. Wait, then ask
                again.
        """
        verdict = _judge(client, "ln", await self._request(client, acse.aarq("ln")))
        if verdict.outcome == "ciphered":
            # Only a meter that knows neither naming without ciphers is one that wants them.
            short = _judge(client, "sn", await self._request(client, acse.aarq("sn")))
            verdict = short if short.outcome in ("open", "asks") else verdict
        return verdict

    def hang_up(self) -> None:
        """Close the connection; the next question opens another."""
        self._link.close()

    async def mechanism(self, client: int, referencing: Literal["ln", "sn"]) -> tuple[str, bool]:
        """Find out which high-level mechanism ``client`` is asked for, by opening one and leaving before the proof.

        Returns:
            its name, ``low`` when the meter knows no high-level one for this client, empty when it cannot be told; and
            whether a refusal on the way may have been counted as a wrong secret. The first of those ends it.

        Raises: as :meth:`ask`.
        """
        for number in _HIGH:
            title = b"DLB\x00\x00\x00\x00\x01" if number in (5, 7) else b""
            request = acse.aarq(referencing, number, secrets.token_bytes(_CHALLENGE_BYTES), title)
            answer = await self._request(client, request)
            if not isinstance(answer, acse.Aare):
                return "", False
            if answer.accepted:
                return answer.mechanism or acse.MECHANISMS[number], False
            if answer.could_count:
                return "", True
        return "low", False

    async def _request(self, client: int, aarq: bytes) -> Aare | MeterError | bytes:
        """Send one AARQ on a data link of its own; return the answer, or the error in its place."""
        await open_patiently(self._link)
        data_link = self._data_link(client)
        answer: Aare | MeterError | bytes
        connected = False
        try:
            await self._link.converse(data_link.connect(), self._quick_s)
            connected = True
            first = self._link.framing == "wrapper"  # where nothing is to be connected
            apdu = await self._link.converse(data_link.ask(aarq), self._quick_s if first else self._answer_s)
            answer = acse.parse(apdu) or apdu
        except (ReplyTimeout, AssociationError, DecodeError) as error:
            answer = error
        except LinkError as error:
            answer = error
            self._link.close()
        except asyncio.CancelledError:  # Ctrl-C: the meter may just have opened what nobody will use
            await self._leave(data_link, accepted=False)
            raise
        if not isinstance(answer, LinkError) and (connected or not isinstance(answer, ReplyTimeout)):
            accepted = isinstance(answer, acse.Aare) and answer.accepted and answer.diagnostic != acse.REQUIRED
            await self._leave(data_link, accepted=accepted)
        return answer

    async def _leave(self, data_link: DataLink, *, accepted: bool) -> None:
        with suppress(MeterError, TimeoutError):
            async with asyncio.timeout(_LEAVE_PATIENCE_S):
                await self._link.converse(_leaving(data_link, accepted=accepted), self._answer_s)
        if self._link.framing == "wrapper":
            # There the TCP connection is the data link; and a question that was passed over would stand in the way.
            self._link.close()

    def _data_link(self, client: int) -> DataLink:
        if self._link.framing == "wrapper":
            return Wrapper(client=client, server=self._address.server)
        return Hdlc(client=client, server=self._address.server, server_address_bytes=self._address.octets, retries=0)


def _leaving(data_link: DataLink, *, accepted: bool) -> Conversation[None]:
    if accepted:
        with suppress(ReplyTimeout):
            yield from data_link.ask(_RELEASE)
    yield from data_link.disconnect()


def _judge(client: int, context: Context, answer: Aare | MeterError | bytes) -> Verdict:
    referencing: Literal["ln", "sn"] = "sn" if context == "sn" else "ln"
    if isinstance(answer, acse.Aare):
        return _judge_aare(client, referencing, answer)
    if isinstance(answer, ReplyTimeout):
        return Verdict(client, "silent")
    if isinstance(answer, MeterError):
        is_closed = isinstance(answer, LinkError)
        return Verdict(client, "refused" if is_closed else "unlinked", str(answer))
    return Verdict(client, "refused", f"answers {answer[:8].hex(' ').upper()}")


def _judge_aare(client: int, referencing: Literal["ln", "sn"], answer: Aare) -> Verdict:
    if answer.accepted and answer.diagnostic != acse.REQUIRED:
        return Verdict(client, "open", "", referencing)
    if answer.asks_for_secret:
        return Verdict(client, "asks", answer.reason, referencing, answer.mechanism, answer.could_count)
    if answer.is_user and answer.diagnostic == acse.CONTEXT_NOT_SUPPORTED:
        return Verdict(client, "ciphered", answer.reason)
    return Verdict(client, "refused", answer.reason, referencing)
