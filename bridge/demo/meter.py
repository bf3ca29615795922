"""The demo meter itself, sans-I/O: bytes of one connection in, frames out. Who it is, whom it knows, what it can do.

A :class:`MeterServer` is the meter's side of one connection; what outlives a connection is in its
:class:`~bridge.demo.access.MeterMemory`. No plant may read it by accident: the bridge says plainly when it reads the
demo meter.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from bridge.demo import hdlc
from bridge.demo.access import SECURITY_BITS, Authentication, Client, Keys, MeterMemory, Security
from bridge.demo.association import AARQ, ServerAssociation
from bridge.demo.faults import TEXT, Faults
from bridge.demo.hdlc import HdlcStation
from bridge.demo.inventory import CLOCK, COUNTER, NAME, Identity, inventory, registers
from bridge.demo.load import KINDS
from bridge.demo.meter_time import MeterTime
from bridge.demo.past import Past
from bridge.demo.services import (
    ACTION,
    BLOCK_GET,
    EVENT_NOTIFICATION,
    GENERAL_PROTECTION,
    GET,
    MULTIPLE_REFERENCES,
    PARAMETERIZED_ACCESS,
    READ,
    SELECTIVE_ACCESS,
)
from bridge.demo.view import ASSOCIATION, give_base_names, seen_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.demo.load import Load
    from bridge.dlms.framing import Framing

Referencing = Literal["ln", "sn"]

DEMO_PASSWORD = "12345678"  # noqa: S105 - opens nothing but this demo, which listens on loopback

PUBLIC_CLIENT = Client(16, sees=frozenset((NAME, COUNTER, CLOCK, ASSOCIATION)))
"""The public client: no authentication, and little to see (client SAP 16)."""

_LN_CONFORMANCE = BLOCK_GET | MULTIPLE_REFERENCES | GET | SELECTIVE_ACCESS | EVENT_NOTIFICATION | ACTION
_SN_CONFORMANCE = READ | BLOCK_GET | MULTIPLE_REFERENCES | PARAMETERIZED_ACCESS


class MeterServer:
    """The meter's side of one connection; bytes in, bytes out.

    Args:
        framing: ``hdlc``, ``wrapper`` or ``hdlc-mode-e``.
        server: HDLC address (2 bytes: upper << 7 | lower; 4 bytes: upper << 14 | lower) or wrapper port of this meter.
        server_address_bytes: the only length of HDLC address that it answers to: 1, 2 or 4; 0 for any.
        client: the address of the reading client.
        authentication: what the reading client must prove itself with; by default its password, if it has one.
        password: password or shared secret of the reading client; text or bytes.
        clients: whom it knows instead of the one client that the arguments above make.
        strangers: other clients get no answer at all (``silent``), or a link and a refused association (``refused``).
        referencing: ``ln`` or ``sn``.
        security: how the reading client's APDUs must be protected.
        keys: key material for it.
        general_ciphering: offers general protection.
        silent_on_low_counter: no answer to an invocation counter that did not rise; else an exception-response.
        lists: offers multiple references (GET-WITH-LIST).
        conformance: 24 bits, what it can do, instead of the above two.
        max_pdu_bytes: the longest APDU that it takes and sends; longer answers come in blocks.
        max_info_bytes: the longest HDLC information field that it takes and sends.
        window: the most HDLC frames without an RR between.
        identity: what it says about itself.
        kind: what kind of meter: one of :data:`~bridge.demo.load.KINDS`, which are named after the built-in profiles.
        load: what it measures instead of the house of its kind.
        clock: Unix seconds.
        memory: what it keeps between connections; hand the same one to all sides of a meter.
        faults: what goes wrong on purpose; hand the same one to all sides of a meter.
    """

    def __init__(
        self,
        *,
        framing: Framing = "hdlc",
        server: int = 1,
        server_address_bytes: Literal[0, 1, 2, 4] = 0,
        client: int = 1,
        authentication: Authentication | None = None,
        password: str | bytes = DEMO_PASSWORD,
        clients: Sequence[Client] = (),
        strangers: Literal["silent", "refused"] = "silent",
        referencing: Referencing = "ln",
        security: Security = "none",
        keys: Keys | None = None,
        general_ciphering: bool = False,
        silent_on_low_counter: bool = False,
        lists: bool = True,
        conformance: int | None = None,
        max_pdu_bytes: int = 0xFFFF,
        max_info_bytes: int = 128,
        window: int = 1,
        identity: Identity | None = None,
        kind: str = "microstar",
        load: Load | None = None,
        clock: Callable[[], float] = time.time,
        memory: MeterMemory | None = None,
        faults: Faults | None = None,
    ) -> None:
        secret = password.encode() if isinstance(password, str) else password
        if authentication is None:
            authentication = "low" if secret else "none"
        known = clients or (Client(client, authentication, secret, security),)
        self.framing = framing
        self.server = server
        self.memory = memory or MeterMemory()
        self.faults = Faults() if faults is None else faults  # one without faults is false
        self.identity = identity or Identity()
        self._clients = {each.address: each for each in known}
        self._server_address_bytes = server_address_bytes
        self._strangers = strangers
        self._logical_names = referencing == "ln"
        self._keys = keys or Keys()
        self._silent_on_low_counter = silent_on_low_counter
        if conformance is None:
            conformance = _LN_CONFORMANCE if self._logical_names else _SN_CONFORMANCE
            conformance &= -1 if lists else ~MULTIPLE_REFERENCES
            conformance |= GENERAL_PROTECTION if general_ciphering else 0
        self._conformance = conformance
        self._max_pdu_bytes = max_pdu_bytes
        self._max_info_bytes, self._window = max_info_bytes, window
        self._load, self._unfaulted_clock = load or KINDS[kind].load, clock
        self._past = Past(self.faults)
        self.registers = registers(KINDS[kind])
        self.items: list[Any] = inventory(
            identity=self.identity,
            kind=KINDS[kind],
            load=self._load,
            clock=self._clock,
            now=clock,
            past=self._past,
            faults=self.faults,
            time=MeterTime(self.faults),
            found=self.registers,
            counter=self._counter,
            policy=lambda: (SECURITY_BITS[self._protected().security] >> 4, self._keys.suite),
        )
        give_base_names(self.items)
        self._associations: dict[int, ServerAssociation] = {}
        self._stations: dict[int, HdlcStation] = {}

    # Bytes of the connection.

    def answer(self, frame: bytes) -> bytes:
        """Return what the meter answers to the whole frame ``frame``; empty when it stays silent."""
        return b"".join(self.frames(frame))

    def frames(self, frame: bytes) -> list[bytes]:
        """Return the frames of the answer to ``frame``; none when it stays silent."""
        return self._wrapped(frame) if self.framing == "wrapper" else self._hdlc(frame)

    def is_addressed(self, frame: bytes) -> bool:
        """Return whether ``frame`` is for this meter, whoever it comes from."""
        if self.framing == "wrapper":
            return int.from_bytes(frame[4:6]) == self.server
        destination = hdlc.parse(frame).destination
        right_size = self._server_address_bytes in (0, len(destination))
        return right_size and hdlc.address_value(destination) == self.server

    def _wrapped(self, frame: bytes) -> list[bytes]:
        client = int.from_bytes(frame[2:4])
        if not self.is_addressed(frame) or not self._is_known(client):
            return []

        def wrapped(apdu: bytes) -> bytes:
            return b"\x00\x01" + self.server.to_bytes(2) + client.to_bytes(2) + len(apdu).to_bytes(2) + apdu

        answer = TEXT if self.faults.has("text") else self._respond(client, frame[8:])
        return self._interrupted([wrapped(answer)] if answer else [], wrapped)

    def _hdlc(self, frame: bytes) -> list[bytes]:
        if not self.is_addressed(frame):
            return []
        header = hdlc.parse(frame)
        client = hdlc.address_value(header.source)
        if not self._is_known(client):
            return []
        if client not in self._stations:
            association = self._association(client)
            self._stations[client] = HdlcStation(
                lambda apdu: self._respond(client, apdu),
                association.forget,
                max_info_bytes=self._max_info_bytes,
                window=self._window,
                faults=self.faults,
            )

        def unnumbered(apdu: bytes) -> bytes:
            return hdlc.build(header.source, header.destination, hdlc.UI, hdlc.LLC_ANSWER + apdu)

        return self._interrupted(self._stations[client].answer(header), unnumbered)

    def _interrupted(self, frames: list[bytes], framed: Callable[[bytes], bytes]) -> list[bytes]:
        """Return the frames of an answer with a notification before or among them, when that fault strikes."""
        if frames and (apdu := self.faults.notification()):
            frames.insert(self.faults.rng.randrange(2), framed(apdu))
        return frames

    # APDUs.

    def _respond(self, client: int, apdu: bytes) -> bytes:
        if not apdu:
            return b""
        for obis, raw in self._load(self._clock()).items():
            if obis in self.registers:
                self.registers[obis].value = raw
        association = self._association(client)
        if self.faults.has("frmr") and apdu[0] == AARQ:
            return self.faults.end("frmr")
        if association.is_open and self.faults.strikes("forgets"):
            if client in self._stations:
                self._stations[client].drop()
                return b""
            association.forget()
        answer = association.answer(apdu)
        if self.faults.happens("dm") and client in self._stations:
            self._stations[client].drop()
            return b""
        return answer

    def _is_known(self, client: int) -> bool:
        return client in self._clients or self._strangers == "refused"

    def _association(self, address: int) -> ServerAssociation:
        if address not in self._associations:
            # A stranger is treated as one whose secret nobody knows.
            client = self._clients.get(address) or Client(address, "ecdsa")
            self._associations[address] = ServerAssociation(
                client,
                logical_names=self._logical_names,
                items=lambda known: seen_by(known, self.items, server=self.server, logical_names=self._logical_names),
                conformance=self._conformance,
                max_pdu_bytes=self._max_pdu_bytes,
                keys=self._keys,
                own_title=self.identity.system_title,
                memory=self.memory,
                faults=self.faults,
                clock=self._unfaulted_clock,
                silent_on_low_counter=self._silent_on_low_counter,
            )
        return self._associations[address]

    def _clock(self) -> float:
        now_s = self._unfaulted_clock()
        self.faults.clock(now_s)
        return now_s + self._past.ahead_s(now_s)

    def _protected(self) -> Client:
        """Return the client whose security the meter's security setup is about: the first protected one."""
        known = list(self._clients.values())
        return next((client for client in known if client.security != "none"), known[0])

    def _counter(self) -> int:
        return self.memory.received.get(self._protected().address, 0)
