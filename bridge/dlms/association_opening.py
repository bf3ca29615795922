"""An association opened: AARQ, AARE, both proofs of high-level security; then protection as agreed. Sans-I/O.

The APDUs are gurux's, see ``gurux.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.dlms import acse, axdr, gurux, xdlms
from bridge.dlms.access_results import refusal_text
from bridge.dlms.ciphering import Cipher
from bridge.dlms.object_list import SHORT_NAME_OF_ASSOCIATION
from bridge.errors import AssociationError, AuthError, DecodeError

if TYPE_CHECKING:
    from bridge.dlms.association_parameters import AssociationParameters
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.invocation_counter import InvocationCounter
    from bridge.dlms.services import Services
    from bridge.dlms.xdlms import Result

_REPLY_TO_HLS = SHORT_NAME_OF_ASSOCIATION + 0x58


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed on with the meter.

    Args:
        conformance: services that both sides have, in gurux's names, such as ``MULTIPLE_REFERENCES``.
        max_pdu_bytes: longest PDU that the meter takes.
        server_system_title: the meter's, where it gave one.
    """

    conformance: frozenset[str]
    max_pdu_bytes: int
    server_system_title: bytes

    @property
    def lists(self) -> bool:
        """Whether several attributes may be asked for in one request."""
        return "MULTIPLE_REFERENCES" in self.conformance


class AssociationOpening:
    """Opens one meter's association, any number of times.

    Args:
        meter: how.
        services: carries the APDUs, and is given the protection that was agreed on.
        counter: the invocation counter; None without keys.
    """

    __slots__ = ("_counter", "_meter", "_services", "secret_sent")

    def __init__(self, meter: AssociationParameters, services: Services, counter: InvocationCounter | None) -> None:
        self._meter = meter
        self._services = services
        self._counter = counter
        self.secret_sent = False
        """Whether the password, a proof of the secret, or anything under the keys went out; the caller resets it."""

    def open(self) -> Conversation[Agreement]:
        """Open the association, high-level authentication included; then protect as agreed.

        Raises: as :meth:`~bridge.dlms.association.MeterSession.associate`.
        """
        client = gurux.new_client(self._meter, self._counter)
        reply = gurux.new_reply()
        requests = gurux.step(client.aarqRequest)
        secret = self.secret_sent = self._meter.authentication == "low" or self._meter.keys is not None
        [request] = requests
        answer = yield from self._services.association(bytes(request), secret=secret)
        try:
            gurux.take(client, reply, answer)
            gurux.step(client.parseAareResponse, reply.data)
        except (AssociationError, DecodeError) as error:
            stated = acse.parse(answer)
            if self._meter.referencing == "ln" and stated is not None and stated.has_short_names:
                raise AssociationError(
                    "uses short names: its answer to the association request says so", hint="set REFERENCING=sn"
                ) from error
            raise
        settings = client.settings
        agreed = Agreement(
            gurux.conformance_of(client),
            int(settings.maxPduSize) or 0xFFFF,  # 0: it takes any length
            bytes(settings.sourceSystemTitle or b""),
        )
        if client.isAuthenticationRequired or gurux.is_high_level(client):  # some say 0, accepted, and mean 14
            if not gurux.is_high_level(client):
                raise AuthError("asks for high-level security", hint="set AUTHENTICATION: a password is not enough")
            if not settings.stoCChallenge:
                raise AssociationError(
                    "accepts the association without proving itself, though high-level security was requested",
                    hint="is it the right meter? then check AUTHENTICATION and CLIENT",
                )
            self._services.cipher = self._cipher(agreed, None)
            yield from self._prove(client, reply)
        self._services.cipher = self._cipher(agreed, settings.cipher.dedicatedKey if settings.cipher else None)
        return agreed

    def _cipher(self, agreed: Agreement, dedicated_key: Any) -> Cipher | None:
        keys = self._meter.keys
        if keys is None or not keys.security or self._counter is None:
            return None
        return Cipher(
            keys,
            self._counter,
            server_system_title=agreed.server_system_title,
            dedicated_key=bytes(dedicated_key) if dedicated_key else None,
            general="GENERAL_PROTECTION" in agreed.conformance,
        )

    def _prove(self, client: Any, reply: Any) -> Conversation[None]:
        """Pass 3 and 4 of high-level security (IEC 62056-5-3, 7.3.7): both sides prove that they know the secret."""
        self.secret_sent = True
        hint = "check PASSWORD, AUTHENTICATION and the keys; repeated wrong attempts lock real meters"
        if self._meter.referencing == "sn":
            result = yield from self._prove_by_short_name(client)
            refusal, proof = result.refusal, gurux.buffer(axdr.octet_string(result.value))
        else:
            yield from self._dialogue(client, reply, gurux.step(client.getApplicationAssociationRequest), secret=True)
            refusal, proof = int(reply.error or 0), reply.data
        if refusal:
            raise AuthError(f"refuses the proof of the secret: {refusal_text(refusal)}", hint=hint)
        try:
            client.parseApplicationAssociationResponse(proof)
        except Exception as error:  # gurux raises a bare Exception
            raise AuthError("does not prove that it knows the secret", hint=hint) from error

    def _prove_by_short_name(self, client: Any) -> Conversation[Result]:
        """Ask for reply_to_HLS_authentication by a READ: gurux writes it, and a write brings no proof back."""
        proof = gurux.plain_proof(client)
        [result] = yield from self._services.results(xdlms.read_selected(_REPLY_TO_HLS, b"\x00" + proof))
        return result

    def _dialogue(self, client: Any, reply: Any, requests: list[bytes], *, secret: bool) -> Conversation[None]:
        for request in requests:
            answer = yield from self._services.association(bytes(request), secret=secret)
            gurux.take(client, reply, answer)
