"""What the demo meter pushes: notifications in bytes, encoded and ciphered by gurux-dlms.

gurux-dlms 1.0.203 forgets to mark the last block of some messages, so blocks are cut here by the standard, and stand in
frames of the demo meter's own. Nothing of how the bridge reads them is known here. A body comes in each of the shapes
that the field has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from gurux_dlms import GXByteBuffer, GXDateTime
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import Command, DataType, InterfaceType, ObjectType
from gurux_dlms.enums import Security as GuruxSecurity
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSNotify import GXDLMSNotify
from gurux_dlms.objects.enums import SecuritySuite

from bridge.demo.access import SECURITY_BITS, Keys, Security
from bridge.demo.cosem import array, date_time, length, logical_name, scaler_unit, structure, typed
from bridge.demo.hdlc import LLC_ANSWER, UI, address, build
from bridge.demo.inventory import CLOCK, NAME, Identity
from bridge.demo.load import KINDS
from bridge.demo.security import GENERAL_GLO

if TYPE_CHECKING:
    from typing import Final

PushAs = Literal["wrapper", "hdlc", "m-bus", "bare"]
PushBody = Literal["list", "pairs", "values", "event"]
PUSH_SETUP: Final = "0.0.25.9.0.255"
EVENT_CODE: Final = "0.0.96.11.0.255"
_BLOCK, _LAST_BLOCK = 0xE0, 0x80
_POLL: Final = 0x10
_MBUS_DATA_BYTES: Final = 245
_COUNTERS_FROM_S: Final = 1_577_836_800
"""2020: counters of seconds since then rise from one start of the demo meter to the next, as a real meter's do."""
_TERMINAL_COVER_OPENED: Final = 40


@dataclass
class PushingMeter:
    """A meter that pushes.

    Args:
        identity: what it says about itself.
        kind: what kind of meter it is.
        framing: what its messages stand in.
        body: how it names its values: an object list first; pairs; not at all; or an event instead.
        security: how they are protected.
        keys: with which keys.
        block_bytes: messages come in blocks of so many octets; 0 for whole.
        info_bytes: the longest HDLC information field.
        client, server: addresses.
        counter: the invocation counter that was used last; 0 begins with the seconds since 2020.
    """

    identity: Identity = field(default_factory=Identity)
    kind: str = "single_phase"
    framing: PushAs = "wrapper"
    body: PushBody = "list"
    security: Security = "none"
    keys: Keys = field(default_factory=Keys)
    block_bytes: int = 0
    info_bytes: int = 128
    client: int = 1
    server: int = 1
    counter: int = 0
    invoke_id: int = 0

    def message(self, now_s: float) -> list[bytes]:
        """Return the frames of the next notification.

        Args:
            now_s: the meter's time, Unix seconds.
        """
        self.counter = max(self.counter + 1, 0 if self.counter else int(now_s) - _COUNTERS_FROM_S)
        self.invoke_id += 1
        apdu = self.apdu(now_s)
        return [frame for one in self._in_blocks(apdu) for frame in self._framed(one)]

    def apdu(self, now_s: float) -> bytes:
        """Return a notification under the counter that was used last, protected as it must be."""
        plain = self._plain(now_s)
        if self.security == "none":
            return plain
        parameter = AesGcmParameter(
            GENERAL_GLO,
            bytearray(self.identity.system_title),
            bytearray(self.keys.encryption_key),
            bytearray(self.keys.authentication_key),
        )
        parameter.security = GuruxSecurity(SECURITY_BITS[self.security])
        parameter.securitySuite = SecuritySuite(self.keys.suite)
        parameter.invocationCounter = self.counter
        return bytes(GXCiphering.encrypt(parameter, plain))

    def _plain(self, now_s: float) -> bytes:
        settings = GXDLMSNotify(True, self.client, self.server, InterfaceType.PDU).settings
        if self.body == "event":
            about = ObjectType.DATA.to_bytes(2) + logical_name(EVENT_CODE) + b"\x02"
            event = GXByteBuffer(about + typed(DataType.UINT8, _TERMINAL_COVER_OPENED))
            parameters = GXDLMSLNParameters(settings, 0, Command.EVENT_NOTIFICATION, 0, None, event, 0xFF)
        else:
            body = GXByteBuffer(self.encoded_body(now_s))
            parameters = GXDLMSLNParameters(settings, 0, Command.DATA_NOTIFICATION, 0, None, body, 0xFF)
            parameters.invokeId = self.invoke_id
        parameters.time = GXDateTime(datetime.fromtimestamp(int(now_s), UTC))
        [apdu] = GXDLMS.getLnMessages(parameters)
        return bytes(apdu)

    def encoded_body(self, now_s: float) -> bytes:
        """Return the body of a data notification in A-XDR."""
        raw = KINDS[self.kind].load(now_s)
        specs = [spec for spec in KINDS[self.kind].registers if spec.obis in raw]
        name = typed(DataType.OCTET_STRING, self.identity.logical_device_name.encode())
        clock = typed(DataType.OCTET_STRING, date_time(now_s))
        values = [typed(spec.type, raw[spec.obis]) for spec in specs]
        scales = [scaler_unit(spec.scaler, spec.unit) for spec in specs]
        if self.body == "values":
            return structure(clock, *values)
        if self.body == "pairs":
            pairs = [_octets(NAME), name, _octets(CLOCK), clock]
            for spec, value, scale in zip(specs, values, scales, strict=True):
                pairs += [_octets(spec.obis), value, scale]
            return structure(*pairs)
        listed = [(ObjectType.PUSH_SETUP, PUSH_SETUP, 2), (ObjectType.DATA, NAME, 2), (ObjectType.CLOCK, CLOCK, 2)]
        listed += [(ObjectType.REGISTER, spec.obis, attribute) for spec in specs for attribute in (2, 3)]
        told = [part for pair in zip(values, scales, strict=True) for part in pair]
        return structure(array([_push_object(*one) for one in listed]), name, clock, *told)

    def _in_blocks(self, apdu: bytes) -> list[bytes]:
        """Return an APDU in general block transfer, unconfirmed (IEC 62056-5-3, 9.4.7)."""
        size = self.block_bytes
        if not size:
            return [apdu]
        pieces = [apdu[at : at + size] for at in range(0, len(apdu), size)]
        return [
            bytes((_BLOCK, _LAST_BLOCK if number == len(pieces) else 0x40))
            + number.to_bytes(2)
            + bytes(2)
            + length(len(piece))
            + piece
            for number, piece in enumerate(pieces, 1)
        ]

    def _framed(self, apdu: bytes) -> list[bytes]:
        if self.framing == "wrapper":
            return [b"\x00\x01" + self.server.to_bytes(2) + self.client.to_bytes(2) + len(apdu).to_bytes(2) + apdu]
        if self.framing == "bare":
            return [apdu]
        in_hdlc = self.framing == "hdlc"
        information = LLC_ANSWER + apdu if in_hdlc else apdu
        size = self.info_bytes if in_hdlc else _MBUS_DATA_BYTES
        pieces = [information[at : at + size] for at in range(0, len(information), size)]
        last = len(pieces) - 1
        if not in_hdlc:
            return [self._in_mbus(piece, n & 0x0F | (_POLL if n == last else 0)) for n, piece in enumerate(pieces)]
        ends = address(self.client, 1), address(self.server, 1)
        return [build(*ends, UI | _POLL, piece, segmented=n < last) for n, piece in enumerate(pieces)]

    def _in_mbus(self, piece: bytes, information: int) -> bytes:
        """Return a long frame (EN 13757-2) with DLMS' transport layer, from access point server to client."""
        content = bytes((0x53, 0xFF, information, self.server & 0xFF, self.client & 0xFF)) + piece
        return bytes((0x68, len(content), len(content), 0x68)) + content + bytes((sum(content) & 0xFF, 0x16))


def _octets(obis: str) -> bytes:
    return typed(DataType.OCTET_STRING, logical_name(obis))


def _push_object(class_id: int, obis: str, attribute: int) -> bytes:
    """Return a push_object_definition (IEC 62056-6-2, class 40)."""
    return structure(
        typed(DataType.UINT16, class_id),
        _octets(obis),
        typed(DataType.INT8, attribute),
        typed(DataType.UINT16, 0),
    )
