"""The association with one meter: opened, authenticated, released; then the profile is read by its plan.

Sans-I/O: no socket in here, no await, no clock. The APDUs of the association are gurux's, see ``session_gurux.py``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge.errors import AssociationError, AuthError, DecodeError, MeterError, ReplyTimeout, ServiceError
from bridge.meters import prepared
from bridge.meters import session_gurux as gurux
from bridge.meters.access import refusal_text
from bridge.meters.ciphering import Cipher
from bridge.meters.conversation import ANEW
from bridge.meters.hdlc import Hdlc
from bridge.meters.keys import Counters, InvocationCounter
from bridge.meters.plan import Plan, Reading
from bridge.meters.prepared import Attribute, Result
from bridge.meters.services import Services
from bridge.meters.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.meters.conversation import Conversation, DataLink
    from bridge.meters.meter import Meter
    from bridge.meters.prepared import Raw
    from bridge.sample import Scalar

__all__ = ["Agreement", "CosemObject", "Reading", "Session"]

_PUBLIC_CLIENT = 16  # no authentication, few objects, the invocation counters among them (DLMS UA Green Book)
_TRIED_AGAIN_S = 3600.0
"""What a meter does not answer is tried again so often, at least."""
_ASSOCIATION_LN = Attribute(15, bytes((0, 0, 40, 0, 0, 255)), 2)
_ASSOCIATION_SN = 0xFA00
_CONTEXT_NAME = bytes.fromhex("608574050801")
_REPLY_TO_HLS = _ASSOCIATION_SN + 0x58
_NAMELESS = bytes.fromhex("C001C1000F0000280000FF0100")
"""GET of the association's name, without one: an exception-response at least (IEC 62056-5-3, 7.3)."""
_PUBLIC_AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1FFFFF")
"""An association of the public client, without any secret."""
_RELEASE = bytes.fromhex("6203800100")  # RLRQ, reason normal (IEC 62056-5-3, 7.2.5)


class CosemObject(NamedTuple):
    """One line of a meter's object list.

    Args:
        class_id: interface class.
        version: of the class.
        logical_name: six groups with dots.
        base_name: its short name; 0 with logical names.
        access: the access rights as the list states them; None with short names.
    """

    class_id: int
    version: int
    logical_name: str
    base_name: int = 0
    access: Raw = None


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


class Session:
    """Conversations with one meter. An error in one of them ends the association: associate again.

    Args:
        meter: whom to talk to and how.
        counters: where invocation counters come from; kept in memory when None, for a meter without keys.
    """

    def __init__(self, meter: Meter, counters: Counters | None = None) -> None:
        self._meter = meter
        self.counter: InvocationCounter | None = None
        if meter.keys is not None:
            self.counter = (counters or Counters(None)).of(meter.keys)
        self._link = _data_link(meter, meter.client)
        self._services = Services(self._link, reference=gurux.reference, retries=meter.retries, counter=self.counter)
        self._plan = Plan(
            meter.registers,
            meter.attributes,
            list_items=meter.list_items,
            most_rest=int(_TRIED_AGAIN_S / meter.interval_s),
        )
        self._short_names: Mapping[bytes, int] | None = None
        self._asks_counter = meter.counter_obis != ""
        self.agreed: Agreement | None = None
        """What was agreed on at the last association; None while there is none."""
        self.secret_sent = False
        """Whether the password, a proof of the secret, or anything under the keys went out since the last connect."""
        self.let_in = False
        """Whether the meter accepted the last association, what came of it afterwards aside."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it at the last association."""
        return self._plan.units

    @property
    def attributes(self) -> dict[str, Scalar]:
        """What the meter said of itself at the last association; nothing for what it refused."""
        return self._plan.described

    @property
    def plan(self) -> Plan:
        """How the profile is read."""
        return self._plan

    @property
    def late(self) -> int:
        """Answers and frames dropped so far because they answered nothing that was still asked."""
        return self._services.late + self._link.late

    @property
    def notifications(self) -> int:
        """Unsolicited messages dropped so far."""
        return self._services.notifications + self._link.notifications

    def associate(self) -> Conversation[None]:
        """Connect and associate, then read scalers, units and attributes once.

        Raises:
            AuthError: the meter refuses the password or key. Do not hurry to try again: real meters lock.
            AssociationError: it refuses the association otherwise. Close, wait, connect again.
            ReplyTimeout, DecodeError: as everywhere. Close, wait, connect again.
        """
        yield from self.connect()
        yield from self.compile()

    def connect(self) -> Conversation[Agreement]:
        """Open the data link and the association, and return what was agreed on.

        Raises: as :meth:`associate`.
        """
        self.agreed, self._services.cipher = None, None
        self.secret_sent = self.let_in = False
        self._short_names = None  # another meter may hang there now
        if self.counter is not None:
            if self._asks_counter:
                yield from self._learn_counter(self.counter)
            self.counter.reserve()
        yield from self._link.connect()
        try:
            self.agreed = yield from self._open()
        except MeterError:
            # Perhaps the counter, which many a meter refuses without a word: next time it is asked what it has seen.
            if self.counter is not None:
                self._asks_counter = self._meter.counter_obis != ""
                with suppress(AssociationError):  # the disk's trouble is told when numbers are reserved
                    self.counter.give_up()
            raise
        self.let_in = True
        return self.agreed

    def knock(self) -> Conversation[bool]:
        """Ask for something without any association or secret; return whether anything at all answers.

        For the wrapper: under HDLC it is seen before anything secret goes out whether somebody is there. Close
        afterwards, an association may have been opened by it.
        """
        for link, question in ((self._link, _NAMELESS), (_data_link(self._meter, _PUBLIC_CLIENT), _PUBLIC_AARQ)):
            try:
                yield from link.ask(question)
            except ReplyTimeout as silence:
                if silence.final:
                    raise
            else:
                return True
        return False

    def compile(self) -> Conversation[None]:
        """Read scalers, units and attributes, and make the requests of a cycle; the association stands.

        Raises: as :meth:`associate`.
        """
        agreed = self._standing()
        if self._meter.referencing == "sn" and self._short_names is None:
            self._short_names = yield from self._learn_short_names()
        yield from self._plan.compile(
            self._services, lists=agreed.lists, max_pdu_bytes=agreed.max_pdu_bytes, short_names=self._short_names
        )

    def read(self) -> Conversation[list[Reading]]:
        """Read every register of the profile and return one reading for each, refused ones included.

        Raises:
            AccessError: the meter refuses all of them. Close, wait, connect again.
            ReplyTimeout, AssociationError, DecodeError: the association is gone. Close, wait, connect again.
        """
        return self._plan.run(self._services)

    def get(self, class_id: int, logical_name: str, attribute: int, selection: bytes = b"") -> Conversation[Result]:
        """Read one attribute of one object.

        Args:
            class_id: interface class.
            logical_name: six groups with dots, ``1.0.1.8.0.255``.
            attribute: its number.
            selection: access selector and its parameters, encoded; empty for the whole.

        Returns:
            its value as it was encoded, or why it is refused (see ``access.py``).

        Raises:
            ReplyTimeout, AssociationError, DecodeError: the association is gone. Close, wait, connect again.
        """
        wanted = Attribute(class_id, bytes(int(group) for group in logical_name.split(".")), attribute)
        if self._meter.referencing == "sn":
            if self._short_names is None:
                self._short_names = yield from self._learn_short_names()
            base = self._short_names.get(wanted.logical_name)
            if base is None:
                return Result(None, 4)
            short_name = base + 8 * (attribute - 1) & 0xFFFF
            request = prepared.read_selected(short_name, selection) if selection else prepared.read([short_name])
        else:
            request = prepared.get(wanted, selection)
        return (yield from self._services.results(request))[0]

    def get_list(self, attributes: list[tuple[int, str, int]]) -> Conversation[list[Result]]:
        """Read several attributes (class, logical name, number) in one GET-WITH-LIST, whatever was negotiated.

        Raises:
            ServiceError, DecodeError: the meter cannot do that, perhaps. Associate again.
            ReplyTimeout, AssociationError: the association is gone. Close, wait, connect again.
        """
        wanted = [
            Attribute(class_id, bytes(int(group) for group in name.split(".")), number)
            for class_id, name, number in attributes
        ]
        return self._services.results(prepared.get_list(wanted))

    def objects(self) -> Conversation[list[CosemObject]]:
        """Return the meter's object list, as far as this client may see it.

        Raises:
            AssociationError: the meter does not show it.
            ReplyTimeout, DecodeError: the association is gone. Close, wait, connect again.
        """
        sn = self._meter.referencing == "sn"
        request = prepared.read([_ASSOCIATION_SN + 8]) if sn else prepared.get(_ASSOCIATION_LN)
        [result] = yield from self._services.results(request)
        if not isinstance(result.value, list):
            raise AssociationError("does not show its object list to this client")
        # SN: base name, class, version, logical name; LN: class, version, logical name, access rights.
        skip = 1 if sn else 0
        rows = (row for row in result.value if isinstance(row, list) and len(row) > skip + 2)
        return [
            CosemObject(
                class_id,
                version,
                ".".join(map(str, name)),
                row[0] & 0xFFFF if sn and isinstance(row[0], int) else 0,
                row[3] if not sn and len(row) > 3 else None,
            )
            for row, (class_id, version, name) in ((row, row[skip : skip + 3]) for row in rows)
            if isinstance(class_id, int) and isinstance(version, int) and isinstance(name, bytes)
        ]

    def release(self) -> Conversation[None]:
        """Release the association and disconnect, so that the meter is free for the next client at once.

        Raises:
            MeterError: as everywhere; nothing is left to do but close.
        """
        if self.agreed is not None:
            self.agreed = None
            try:
                yield from self._services.association(_RELEASE)
            except ReplyTimeout as silence:
                if silence.final:
                    raise
            except MeterError:
                pass  # a meter that does not know RLRQ, or has lost count, knows DISC
        yield from self._link.disconnect()

    def _standing(self) -> Agreement:
        if self.agreed is None:
            raise AssociationError("is not associated")
        return self.agreed

    def _open(self) -> Conversation[Agreement]:
        """Open the association by gurux, high-level authentication included; then protect as agreed."""
        client = gurux.new_client(self._meter, self.counter)
        reply = gurux.new_reply()
        requests = gurux.step(client.aarqRequest)
        secret = self.secret_sent = self._meter.authentication == "low" or self._meter.keys is not None
        [request] = requests
        answer = yield from self._services.association(bytes(request), secret=secret)
        try:
            gurux.take(client, reply, answer)
            gurux.step(client.parseAareResponse, reply.data)
        except (AssociationError, DecodeError) as error:
            if self._meter.referencing == "ln" and _says_short_names(answer):
                raise AssociationError(
                    "goes by short names: it says so in its answer to the association", hint="set REFERENCING=sn"
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
                    "lets us in without proving itself, though high-level security was asked for",
                    hint="is it the meter that it should be? else check AUTHENTICATION and CLIENT",
                )
            self._services.cipher = self._cipher(agreed, None)
            yield from self._prove(client, reply)
        self._services.cipher = self._cipher(agreed, settings.cipher.dedicatedKey if settings.cipher else None)
        return agreed

    def _cipher(self, agreed: Agreement, dedicated_key: Any) -> Cipher | None:
        keys = self._meter.keys
        if keys is None or not keys.security or self.counter is None:
            return None
        return Cipher(
            keys,
            self.counter,
            server_system_title=agreed.server_system_title,
            dedicated_key=bytes(dedicated_key) if dedicated_key else None,
            general="GENERAL_PROTECTION" in agreed.conformance,
        )

    def _prove(self, client: Any, reply: Any) -> Conversation[None]:
        """Pass 3 and 4 of high-level security (IEC 62056-5-3, 7.3.7): both sides prove that they know the secret."""
        self.secret_sent = True
        hint = "check PASSWORD, AUTHENTICATION and the keys; trying on locks real meters"
        if self._meter.referencing == "sn":
            result = yield from self._prove_by_short_name(client)
            refusal, proof = result.refusal, gurux.buffer(prepared.octet_string(result.value))
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
        [result] = yield from self._services.results(prepared.read_selected(_REPLY_TO_HLS, b"\x00" + proof))
        return result

    def _dialogue(self, client: Any, reply: Any, requests: list[bytes], *, secret: bool) -> Conversation[None]:
        for request in requests:
            answer = yield from self._services.association(bytes(request), secret=secret)
            gurux.take(client, reply, answer)

    def _learn_counter(self, counter: InvocationCounter) -> Conversation[None]:
        """Ask the public client for the invocation counter, once a start and after a rejection; best effort."""
        self._asks_counter = False
        session = Session(self._meter.as_public_client(_PUBLIC_CLIENT))
        try:
            yield from session.connect()
            result = Result(None)
            with suppress(ServiceError, DecodeError):
                result = yield from session.get(1, self._meter.counter_obis, 2)
            yield from session.release()
            if type(result.value) is int:
                counter.seen_by_meter(result.value + 1)
        except ReplyTimeout as silence:
            if silence.final:  # others wait for their turn; the next attempt does without
                raise
        except MeterError:
            pass
        yield ANEW  # what was released is not used again: some hang up then, and mode E wants its sign-on

    def _learn_short_names(self) -> Conversation[dict[bytes, int]]:
        [result] = yield from self._services.results(prepared.read([_ASSOCIATION_SN + 8]))
        names: dict[bytes, int] = {}
        if isinstance(result.value, list):
            for row in result.value:
                if isinstance(row, list) and len(row) == 4 and type(row[0]) is int and isinstance(row[3], bytes):
                    names[row[3]] = row[0] & 0xFFFF
        if not names:
            raise AssociationError("does not show its short names", hint="is it referenced by logical names (ln)?")
        return names


def _says_short_names(aare: bytes) -> bool:
    """Return whether the meter names a context of short names (2, 4), or the association object that goes with one."""
    at = aare.find(_CONTEXT_NAME) + len(_CONTEXT_NAME)
    return (at >= len(_CONTEXT_NAME) and aare[at : at + 1] in (b"\x02", b"\x04")) or aare[-2:] == b"\xfa\x00"


def _data_link(meter: Meter, client: int) -> DataLink:
    if meter.framing == "wrapper":
        return Wrapper(client=client, server=meter.server)
    return Hdlc(
        client=client,
        server=meter.server,
        server_address_bytes=meter.server_address_bytes,
        max_info_bytes=meter.max_info_bytes,
        window=meter.window,
        retries=meter.retries,
        is_strict=meter.referencing == "sn",
    )
