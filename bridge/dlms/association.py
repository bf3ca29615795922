"""The association with one meter: opened, authenticated, released; then the profile is read by its plan.

Sans-I/O: no socket in here, no await, no clock. The APDUs of the association are gurux's, see ``gurux.py``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.dlms import acse, gurux, xdlms
from bridge.dlms.association_opening import AssociationOpening
from bridge.dlms.conversation import NEW_CONNECTION
from bridge.dlms.cosem_classes import DATA
from bridge.dlms.hdlc import Hdlc
from bridge.dlms.object_list import objects_in, request_for_objects, short_names_in
from bridge.dlms.reading_plan import Plan, Reading
from bridge.dlms.services import Services
from bridge.dlms.wrapper import Wrapper
from bridge.dlms.xdlms import Attribute, Result
from bridge.errors import AssociationError, DecodeError, MeterError, ReplyTimeout, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.dlms.association_opening import Agreement
    from bridge.dlms.association_parameters import AssociationParameters
    from bridge.dlms.conversation import Conversation, DataLink
    from bridge.dlms.invocation_counter import InvocationCounter, InvocationCounters
    from bridge.dlms.object_list import CosemObject
    from bridge.sample import Scalar

__all__ = ["MeterSession", "Reading"]

_PUBLIC_CLIENT = 16  # no authentication, few objects, the invocation counters among them (DLMS UA Green Book)
_TRIED_AGAIN_S = 3600.0
"""What a meter does not answer is retried at least this often."""
_PUBLIC_AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1FFFFF")
"""An association of the public client, without any secret."""


class MeterSession:
    """Conversations with one meter. An error in one of them ends the association: associate again.

    Args:
        meter: which meter, and how to talk to it.
        counters: where invocation counters come from; None for a meter without keys.
    """

    def __init__(self, meter: AssociationParameters, counters: InvocationCounters | None = None) -> None:
        self._meter = meter
        self.counter: InvocationCounter | None = None
        if meter.keys is not None:
            if counters is None:
                raise ValueError("a meter with keys needs invocation counters")
            self.counter = counters.of(meter.keys)
        self._link = _data_link(meter, meter.client)
        self._services = Services(self._link, reference=gurux.reference, retries=meter.retries, counter=self.counter)
        self._opening = AssociationOpening(meter, self._services, self.counter)
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
        self.let_in = False
        """Whether the meter accepted the last association, whatever came of it afterwards."""

    @property
    def secret_sent(self) -> bool:
        """Whether the password, a proof of the secret, or anything under the keys went out since the last connect."""
        return self._opening.secret_sent

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it at the last association."""
        return self._plan.units

    @property
    def attributes(self) -> dict[str, Scalar]:
        """What the meter said about itself at the last association; nothing for what it refused."""
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
        """Unsolicited messages that came so far."""
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
        self._opening.secret_sent = self.let_in = False
        self._short_names = None  # another meter may be connected there now
        if self.counter is not None:
            if self._asks_counter:
                yield from self._learn_counter(self.counter)
            self.counter.reserve()
        yield from self._link.connect()
        try:
            self.agreed = yield from self._opening.open()
        except MeterError:
            # Perhaps the counter, which many meters refuse silently: next time, ask what the meter has seen.
            if self.counter is not None:
                self._asks_counter = self._meter.counter_obis != ""
                with suppress(AssociationError):  # disk errors are reported when numbers are reserved
                    self.counter.give_up()
            raise
        self.let_in = True
        return self.agreed

    def is_anyone_there(self) -> Conversation[bool]:
        """Ask something that needs no association and no secret; return whether anything answers.

        For the wrapper: HDLC shows whether somebody is there before anything secret goes out. Close afterwards: it may
        have opened an association.
        """
        for link, question in (
            (self._link, acse.NAMELESS_GET),
            (_data_link(self._meter, _PUBLIC_CLIENT), _PUBLIC_AARQ),
        ):
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
            its value as it was encoded, or why it is refused (see ``access_results.py``).

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
            request = xdlms.read_selected(short_name, selection) if selection else xdlms.read([short_name])
        else:
            request = xdlms.get(wanted, selection)
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
        return self._services.results(xdlms.get_list(wanted))

    def objects(self) -> Conversation[list[CosemObject]]:
        """Return the meter's object list, as far as this client may see it.

        Raises:
            AssociationError: the meter does not show it.
            ReplyTimeout, DecodeError: the association is gone. Close, wait, connect again.
        """
        by_short_names = self._meter.referencing == "sn"
        [result] = yield from self._services.results(request_for_objects(by_short_names=by_short_names))
        return objects_in(result.value, by_short_names=by_short_names)

    def release(self) -> Conversation[None]:
        """Release the association and disconnect, so that the meter is free for the next client at once.

        Raises:
            MeterError: as everywhere; nothing is left to do but close.
        """
        if self.agreed is not None:
            self.agreed = None
            try:
                yield from self._services.association(acse.RELEASE)
            except ReplyTimeout as silence:
                if silence.final:
                    raise
            except MeterError:
                pass  # a meter that does not know RLRQ, or has lost count, still knows DISC
        yield from self._link.disconnect()

    def _standing(self) -> Agreement:
        if self.agreed is None:
            raise AssociationError("is not associated")
        return self.agreed

    def _learn_counter(self, counter: InvocationCounter) -> Conversation[None]:
        """Ask the public client for the invocation counter, once per start and after a rejection; best effort."""
        self._asks_counter = False
        session = MeterSession(self._meter.as_public_client(_PUBLIC_CLIENT))
        try:
            yield from session.connect()
            result = Result(None)
            with suppress(ServiceError, DecodeError):
                result = yield from session.get(DATA, self._meter.counter_obis, 2)
            yield from session.release()
            if type(result.value) is int:
                counter.seen_by_meter(result.value + 1)
        except ReplyTimeout as silence:
            if silence.final:  # others wait for their turn; the next attempt does without it
                raise
        except MeterError:
            pass
        yield NEW_CONNECTION  # some meters hang up after a release, and mode E needs its sign-on

    def _learn_short_names(self) -> Conversation[dict[bytes, int]]:
        [result] = yield from self._services.results(request_for_objects(by_short_names=True))
        return short_names_in(result.value)


def _data_link(meter: AssociationParameters, client: int) -> DataLink:
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
