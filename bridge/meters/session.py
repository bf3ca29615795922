"""The DLMS conversation with one meter, sans-I/O: it yields the bytes to send and is sent the frames that come back.

The only room, with ``keys.py`` and the demo meter, that knows gurux-dlms; no socket in here, no await, no clock.

How a conversation is driven
    ``yield request``   send these bytes and send back the next whole frame
    ``yield b""``       send nothing: one more frame belongs to the answer
    throw a :class:`~bridge.errors.ReplyTimeout` in when no frame came in time: the conversation asks again as its
    framing allows, or lets the error out. Every other error ends it, and the association with it.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gurux_dlms import (
    GXByteBuffer,
    GXDLMSClient,
    GXDLMSConfirmedServiceError,
    GXDLMSException,
    GXDLMSExceptionResponse,
    GXReplyData,
)
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, ObjectType, SourceDiagnostic

from bridge.errors import AccessError, AssociationError, AuthError, DecodeError, MeterError, ReplyTimeout
from bridge.meters.units import unit_text
from bridge.meters.values import scalar, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.meter import Meter
    from bridge.meters.profile import Register
    from bridge.sample import Scalar

T = TypeVar("T")
Conversation = Generator[bytes, bytes, T]

_SCALER_ATTRIBUTE = {3: 3, 4: 3, 5: 4}
"""Where scaler_unit lies in Register, Extended register, Demand register (IEC 62056-6-2, 4.3.2 to 4.3.4)."""

_UA, _DM, _FRMR = 0x73, 0x1F, 0x97  # control fields of the HDLC frames without information (IEC 62056-46, 6.4.3)
_GET_RESPONSE = 0xC4
_STRANGERS = 16  # frames for others, or too late, that are let pass before an answer is given up

_REFUSED_CREDENTIALS = {
    SourceDiagnostic.AUTHENTICATION_FAILURE,
    SourceDiagnostic.AUTHENTICATION_REQUIRED,
    SourceDiagnostic.MECHANISM_NAME_REGUIRED,
    SourceDiagnostic.NOT_RECOGNISED,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter said to one register: a value with its unit, or why it refused."""

    register: Register
    value: Scalar | None
    unit: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class _Planned:
    register: Register
    scaler: int
    unit: str


class Session:
    """Conversations with one meter. An error in one of them ends the association: associate again.

    Args:
        meter: whom to talk to and how.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._client: Any = None
        self._invoke_id = 0
        self._plan: tuple[_Planned, ...] = ()
        self.attributes: dict[str, Scalar] = {}
        """What the meter said of itself at the last association; nothing for what it refused."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every key that has one, as the meter stated it at the last association."""
        return {planned.register.key: planned.unit for planned in self._plan if planned.unit}

    def associate(self) -> Conversation[None]:
        """Open the HDLC connection and the association, then read scalers, units and attributes once.

        Raises:
            AuthError: the meter refuses the password. Do not hurry to try again: real meters lock.
            AssociationError: it refuses the association otherwise. Close, wait, connect again.
            ReplyTimeout, DecodeError: as everywhere. Close, wait, connect again.
        """
        client = self._client = self._new_client()
        if self._meter.framing == "hdlc":
            reply = yield from self._exchange([client.snrmRequest()])
            if reply.command != _UA:
                raise AssociationError(f"answers the HDLC connection request with frame 0x{int(reply.command):02X}")
            self._parse(client.parseUAResponse, reply.data)
        reply = yield from self._exchange(client.aarqRequest())
        self._parse(client.parseAareResponse, reply.data)
        if client.isAuthenticationRequired:
            raise AuthError("asks for high-level security", hint="this meter wants more than a password")
        plan = []
        for register in self._meter.registers:
            scaler, unit = yield from self._scaler_and_unit(register)
            plan.append(_Planned(register, scaler, unit))
        self._plan = tuple(plan)
        self.attributes = {}
        for register in self._meter.attributes:
            reading = _reading(_Planned(register, 0, ""), (yield from self._get(register, register.attribute)))
            if reading.value is not None:
                self.attributes[register.key] = reading.value

    def read(self) -> Conversation[list[Reading]]:
        """Read every register of the profile and return one reading for each, refused ones included.

        Raises:
            AccessError: the meter refuses all of them. Close, wait, connect again.
            ReplyTimeout, AssociationError, DecodeError: the association is gone. Close, wait, connect again.
        """
        readings = []
        for planned in self._plan:
            register = planned.register
            reply = yield from self._get(register, register.attribute)
            readings.append(_reading(planned, reply))
        if readings and not any(reading.value is not None for reading in readings):
            reasons = ", ".join(sorted({reading.refusal for reading in readings}))
            raise AccessError(
                f"refuses every register of the profile: {reasons}",
                hint="check the profile's OBIS codes and whether this client address may read them",
            )
        return readings

    def release(self) -> Conversation[None]:
        """Release the association and disconnect, so that the meter is free for the next client at once.

        Raises:
            MeterError: as everywhere; nothing is left to do but close.
        """
        client = self._client
        if client is None:
            return
        request = client.releaseRequest()
        if request:
            yield from self._exchange(request)
        if self._meter.framing == "hdlc":
            yield from self._exchange([client.disconnectRequest()], tolerate=(_DM,))
        self._client = None

    def _new_client(self) -> Any:
        meter = self._meter
        client = GXDLMSClient(
            useLogicalNameReferencing=True,
            clientAddress=meter.client,
            serverAddress=meter.server,
            forAuthentication=Authentication.LOW if meter.authentication == "low" else Authentication.NONE,
            password=meter.password or None,
            interfaceType=InterfaceType.HDLC if meter.framing == "hdlc" else InterfaceType.WRAPPER,
        )
        client.serverAddressSize = meter.server_address_bytes
        client.maxReceivePDUSize = meter.max_pdu_bytes
        if meter.conformance:
            client.proposedConformance = _conformance(meter.conformance)
        return client

    def _scaler_and_unit(self, register: Register) -> Conversation[tuple[int, str]]:
        attribute = _SCALER_ATTRIBUTE.get(register.class_id)
        if attribute is None or register.attribute >= attribute:
            return 0, ""
        reply = yield from self._get(register, attribute)
        if reply.error or not isinstance(reply.value, list) or len(reply.value) != 2:
            return 0, ""  # a register without a scaler is read as it is
        scaler, unit = (scalar(part) for part in reply.value)
        return int(scaler), unit_text(int(unit))

    def _get(self, register: Register, attribute: int) -> Conversation[Any]:
        """Ask for one attribute.

        On the wrapper a timeout asks anew under a new invoke-id: a late answer to the first is told by it.
        """
        for attempts_left in range(self._retries_by_new_invoke_id, -1, -1):
            try:
                return (yield from self._exchange(self._get_request(register, attribute)))
            except ReplyTimeout:
                if not attempts_left:
                    raise
        raise AssertionError  # the loop returns or raises

    def _get_request(self, register: Register, attribute: int) -> list[bytes]:
        self._invoke_id = (self._invoke_id + 1) & 0x0F
        self._client.settings.invokeId = self._invoke_id  # gurux's own counting never counts (1.0.203)
        kind = ObjectType(register.class_id) if register.class_id in set(ObjectType) else register.class_id
        return self._parse(self._client._read, register.logical_name, kind, attribute)  # noqa: SLF001 - read() wants an object a register

    @property
    def _retries_by_new_invoke_id(self) -> int:
        return self._meter.retries if self._meter.framing == "wrapper" else 0

    @property
    def _retries_by_same_frame(self) -> int:
        return self._meter.retries if self._meter.framing == "hdlc" else 0

    def _exchange(self, requests: list[bytes], tolerate: tuple[int, ...] = ()) -> Conversation[Any]:
        """Send the frames of one request, fetch all blocks of its answer, return gurux's reply."""
        reply = GXReplyData()
        for request in requests:
            reply.clear()
            yield from self._ask(bytes(request), reply)
            while reply.isMoreData():
                yield from self._ask(bytes(self._parse(self._client.receiverReady, reply)), reply)
        if reply.command in (_DM, _FRMR) and reply.command not in tolerate:
            what = "DM: it is disconnected" if reply.command == _DM else "FRMR: it rejects the frame"
            raise AssociationError(f"answers {what}", hint="associating again mends this")
        return reply

    def _ask(self, request: bytes, reply: Any) -> Conversation[None]:
        attempts_left = self._retries_by_same_frame
        sending, strangers = request, 0
        while True:
            try:
                frame = yield sending
            except ReplyTimeout:
                if not attempts_left:
                    raise
                # Sequence numbers make this safe: the meter answers a repeated frame again, or drops it.
                attempts_left -= 1
                sending = request
                continue
            sending = b""
            if self._is_answer(frame, request) and self._parse(self._client.getData, GXByteBuffer(frame), reply, None):
                return
            strangers += 1
            if strangers > _STRANGERS:
                raise DecodeError(f"sent {strangers} frames, none of which answers the request")

    def _is_answer(self, frame: bytes, request: bytes) -> bool:
        """Return whether ``frame`` goes to this client from this meter, and is not late.

        gurux does not check the meter's address, nor the invoke-id.
        """
        if self._meter.framing == "wrapper":
            late = len(frame) > 10 and frame[8] == _GET_RESPONSE and frame[10] & 0x0F != self._invoke_id
            return frame[2:4] == request[4:6] and frame[4:6] == request[2:4] and not late
        server, client = _addresses(request)
        return _addresses(frame) == (client, server)

    def _parse(self, step: Callable[..., T], *args: Any) -> T:
        """Let gurux take one step; whatever it raises becomes an error of the bridge here and nowhere else."""
        try:
            return step(*args)
        except MeterError:
            raise
        except GXDLMSException as error:
            diagnostic = getattr(error, "diagnostic", None)
            text = " ".join(str(error).split())
            if diagnostic in _REFUSED_CREDENTIALS:
                raise AuthError(
                    f"refuses the password or the authentication: {text}",
                    hint="check PASSWORD, AUTHENTICATION and CLIENT; trying on locks real meters",
                ) from error
            raise AssociationError(f"refuses the association: {text}", hint="check CLIENT and SERVER") from error
        except (GXDLMSConfirmedServiceError, GXDLMSExceptionResponse) as error:
            raise AssociationError(f"ends the conversation: {' '.join(str(error).split())}") from error
        except Exception as error:  # gurux raises bare Exceptions, ValueErrors, IndexErrors and more on bad bytes
            raise DecodeError(f"sent an answer that cannot be decoded: {error or type(error).__name__}") from error


def _reading(planned: _Planned, reply: Any) -> Reading:
    register = planned.register
    if reply.error:
        return Reading(register, None, refusal=_refusal(reply.error))
    if reply.value is None:
        return Reading(register, None, refusal="null-data")
    value = scaled(scalar(reply.value), planned.scaler)
    if isinstance(value, float) and not math.isfinite(value):
        return Reading(register, None, refusal="not a number")
    return Reading(register, value, planned.unit)


def _refusal(code: int) -> str:
    return str(GXDLMSException.getDescription(code)).removeprefix("Access Error : ").rstrip(".").lower()


def _addresses(frame: bytes) -> tuple[bytes, bytes]:
    """Return destination and source address of an HDLC frame, as they stand on the wire."""
    ends = []
    at = 3
    for _ in range(2):
        while not frame[at] & 1:
            at += 1
        at += 1
        ends.append(at)
    return frame[3 : ends[0]], frame[ends[0] : ends[1]]


def _conformance(block: str) -> Any:
    """Return gurux's flags for a conformance block in hex as on the wire, its first bit the highest."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in reversed(bytes.fromhex(block)))
    return Conformance(int(bits, 2))
