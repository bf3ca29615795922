"""Which clients a meter lets in, and what it asks of the others: one association request each, without a secret.

A client that is refused is never asked the same again in this run; see ``secret_attempts.py`` for what is counted.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.cli.probe.client_verdict import AssociationAnswer, ClientVerdict, judge_association, may_mean_naming
from bridge.cli.visit import open_patiently
from bridge.dlms import acse
from bridge.dlms.hdlc import Hdlc
from bridge.dlms.wrapper import Wrapper
from bridge.errors import AssociationError, DecodeError, FramingError, LinkError, MeterError, ReplyTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.probe.likely_addresses import ServerAddress
    from bridge.cli.probe.port_questions import Naming
    from bridge.dlms.acse import Aare, Context
    from bridge.dlms.conversation import Conversation, DataLink
    from bridge.meters.link import Link

_CHALLENGE_BYTES = 16
_LEAVE_PATIENCE_S = 3.0
_GREETING_S = 0.3
_HDLC_HEAD = 8  # flag, format, the shortest addresses, control, check sequence
_HIGH = (5, 2, 3, 4, 6, 7)  # GMAC first: what new meters use
_ASKED_FIRST = 2  # the one that needs neither keys nor titles
_WITH_TITLE = (5, 7)
_TITLE = b"DLB\x00\x00\x00\x00\x01"


class _Last:
    """Keeps the last frame that came, for what is no APDU; a :class:`~bridge.meters.frame_watch.FrameWatch`."""

    def __init__(self) -> None:
        self._frame = b""

    def sent(self, data: bytes) -> None:
        """Nothing is to be kept of that."""

    def came(self, frame: bytes) -> None:
        """Keep it."""
        self._frame = frame

    @property
    def text(self) -> bytes:
        """The text at the end of the frame, before the check sequence; empty when there is none."""
        found = re.search(rb"[\t\r\n -~]{4,}$", self._frame[_HDLC_HEAD:-3]) if self._frame else None
        return found[0].strip() if found else b""


class ClientRequests:
    """Asks one meter for associations.

    Args:
        link: the way to it.
        address: its server address.
        quick_s: after how long the silence to the first question is silence.
        answer_s: how long the answer to a further one may take: making a challenge takes a meter longer than UA.
        namings: how objects may be named, the likelier way first.
        greets: whether text comes first on every connection; it is let pass before a question goes out.
    """

    def __init__(
        self,
        link: Link,
        address: ServerAddress,
        quick_s: float,
        answer_s: float,
        *,
        namings: Sequence[Naming] = ("ln", "sn"),
        greets: bool = False,
    ) -> None:
        self._link = link
        self._address = address
        self._quick_s = quick_s
        self._answer_s = answer_s
        self._namings = namings
        self._greets = greets

    async def ask(self, client: int) -> ClientVerdict:
        """Ask for an association of ``client`` without a secret, and leave the meter free again.

        A meter may have short names and say so by nothing but a refusal, whatever its words; so it is asked by them
        before anything is made of that. And a context may be refused because the authentication is missing, or
        because everything must be ciphered: which of the two is asked before it is claimed.

        Raises:
            LinkError: the connection could not be opened. Wait, then ask again.
        """
        naming, *others = self._namings
        answer = await self._request(client, acse.aarq(naming))
        verdict = judge_association(client, naming, answer)
        for other in others if may_mean_naming(answer) else ():
            second = await self._request(client, acse.aarq(other))
            if (judged := judge_association(client, other, second)).outcome in ("open", "asks"):
                return judged
            if isinstance(second.said, acse.Aare) and not isinstance(answer.said, acse.Aare):
                answer, verdict = second, judged
        if isinstance(answer.said, acse.Aare) and answer.said.refuses_context:
            return await self._why_not(client, answer.said, verdict)
        return verdict

    async def _why_not(self, client: int, refusal: Aare, verdict: ClientVerdict) -> ClientVerdict:
        """Find out what a meter lacks that refuses the application context: authentication, or ciphering."""
        naming = "sn" if refusal.has_short_names else self._namings[0]
        if not refusal.is_ciphered:
            answer = (await self._request(client, _high(naming, _ASKED_FIRST))).said
            if isinstance(answer, acse.Aare) and not answer.refuses_context:
                said = answer.reason if answer.asks_for_secret else verdict.said
                mechanism = (answer.mechanism or acse.MECHANISMS[_ASKED_FIRST]) if answer.goes_on else ""
                return ClientVerdict(client, "asks", said, naming, mechanism, answer.could_count)
            ciphered: Context = "sn-ciphered" if naming == "sn" else "ln-ciphered"
            answer = (await self._request(client, acse.aarq(ciphered, title=_TITLE))).said
            if isinstance(answer, acse.Aare) and answer.refuses_context and not answer.is_ciphered:
                return ClientVerdict(
                    client, "asks", verdict.said, naming
                )  # it does not cipher: what it misses is the mechanism
        return ClientVerdict(client, "ciphered", verdict.said, naming)

    def hang_up(self) -> None:
        """Close the connection; the next question opens another."""
        self._link.close()

    async def mechanism(self, client: int, referencing: Naming) -> tuple[str, bool]:
        """Find out which high-level mechanism ``client`` is asked for, by opening one and leaving before the proof.

        Returns:
            its name, ``low`` when the meter knows no high-level one for this client, empty when it cannot be told; and
            whether a refusal on the way may have been counted as a wrong secret. The first of those ends it.

        Raises: as :meth:`ask`.
        """
        for number in _HIGH:
            opening = _high(referencing, number)
            answer = (await self._request(client, opening)).said
            if isinstance(answer, ReplyTimeout):  # lost on the way; not knowing would end in a guess with the secret
                answer = (await self._request(client, opening)).said
            if not isinstance(answer, acse.Aare):
                return "", False
            if answer.accepted:  # without a challenge it would have let us in with anything: it tells nothing
                return (answer.mechanism or acse.MECHANISMS[number]) if answer.goes_on else "", False
            if answer.could_count:
                return "", True
        return "low", False

    async def _request(self, client: int, aarq: bytes) -> AssociationAnswer:
        """Send one AARQ on a data link of its own; return the answer, or the error in its place."""
        is_new = not self._link.is_open
        await open_patiently(self._link)
        if is_new and self._greets:
            await asyncio.sleep(_GREETING_S)
        data_link, heard = self._data_link(client), _Last()
        said: Aare | MeterError | bytes
        linked = False
        try:
            await self._link.converse(data_link.connect(), self._quick_s)
            linked = True
            first = self._link.framing == "wrapper"  # where nothing is to be connected
            apdu = await self._link.converse(data_link.ask(aarq), self._quick_s if first else self._answer_s, heard)
            said = acse.parse(apdu) or apdu
        except DecodeError as error:
            said = heard.text or error
        except (ReplyTimeout, AssociationError, FramingError) as error:
            said = error
        except LinkError as error:
            said = error
            self._link.close()
        except asyncio.CancelledError:  # Ctrl-C: the meter may just have opened what nobody will use
            await self._leave(data_link, accepted=False)
            raise
        linked = linked and self._link.framing != "wrapper"
        if not isinstance(said, LinkError) and (linked or not isinstance(said, ReplyTimeout)):
            accepted = isinstance(said, acse.Aare) and said.accepted and said.diagnostic != acse.REQUIRED
            await self._leave(data_link, accepted=accepted)
        elif self._link.framing == "wrapper":
            self._link.close()  # a question that was passed over would stand in the way of the next
        return AssociationAnswer(said, linked)

    async def _leave(self, data_link: DataLink, *, accepted: bool) -> None:
        with suppress(MeterError, TimeoutError):
            async with asyncio.timeout(_LEAVE_PATIENCE_S):
                await self._link.converse(_leaving(data_link, accepted=accepted), self._answer_s)
        # What follows a release is another visit: there are meters that close after it, that want their mode E opening
        # again, or that hear nothing more on that connection.
        self._link.close()

    def _data_link(self, client: int) -> DataLink:
        if self._link.framing == "wrapper":
            return Wrapper(client=client, server=self._address.server)
        return Hdlc(client=client, server=self._address.server, server_address_bytes=self._address.octets, retries=0)


def _leaving(data_link: DataLink, *, accepted: bool) -> Conversation[None]:
    if accepted:
        with suppress(ReplyTimeout):
            yield from data_link.ask(acse.RELEASE)
    yield from data_link.disconnect()


def _high(naming: Naming, number: int) -> bytes:
    """Return an AARQ for a high-level mechanism; the challenge in it is no secret, and the proof never follows."""
    title = _TITLE if number in _WITH_TITLE else b""
    return acse.aarq(naming, number, secrets.token_bytes(_CHALLENGE_BYTES), title)
