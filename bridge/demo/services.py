"""The xDLMS services of the demo meter within one association: GET, READ, SET, WRITE, ACTION; plain APDUs in and out.

gurux-dlms 1.0.203 has them on its server side, but only the plain GET works (a refused item of a list gives a broken
APDU, READ and ACTION end in exceptions), so they are here by IEC 62056-5-3 clause 8; the values in them are gurux's.

A list of answers longer than the client takes goes in blocks, when that was agreed on.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from gurux_dlms.enums import ErrorCode
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from loguru import logger

from bridge.demo.cosem import AccessRefused, Parameters, attribute_of, length, logical_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.demo.faults import Faults

GENERAL_PROTECTION, READ, BLOCK_GET = 0x400000, 0x100000, 0x1000
MULTIPLE_REFERENCES, PARAMETERIZED_ACCESS = 0x200, 0x20
GET, SET, SELECTIVE_ACCESS, EVENT_NOTIFICATION, ACTION = 0x10, 0x08, 0x04, 0x02, 0x01
"""Bits of the conformance block, the first of 24 on the left (IEC 62056-5-3)."""

EXCEPTION = 0xD8
SERVICE_UNKNOWN = bytes((EXCEPTION, 2, 2))
NOT_ALLOWED = bytes((EXCEPTION, 1, 1))
_NORMAL, _NEXT, _WITH_LIST = 1, 2, 3
_VARIABLE_NAME, _PARAMETERIZED_ACCESS, _BLOCK_NUMBER_ACCESS = 2, 4, 5
_REPLY_TO_HLS = (15, logical_name("0.0.40.0.0.255"), 1)
_REPLY_TO_HLS_BASE_NAME = 0xFA00 + 0x58  # method 8 of Association SN (IEC 62056-6-2)


class _Silence(Exception):  # noqa: N818 - no failure
    """The meter does not answer."""


class ServerServices:
    """What an associated client may ask for.

    Args:
        items: the objects that it sees.
        conformance: what was agreed on.
        max_pdu_bytes: the longest APDU that it takes.
        faults: what goes wrong on purpose.
        reply_to_hls: carries out the second half of high-level security on the association object.
    """

    def __init__(
        self,
        items: Iterable[Any],
        conformance: int,
        max_pdu_bytes: int,
        faults: Faults,
        reply_to_hls: Callable[[bytes], bytes],
    ) -> None:
        self._by_name = {(int(item.objectType), logical_name(item.logicalName)): item for item in items}
        self._by_short_name = {item.shortName: item for item in self._by_name.values()}
        self._conformance = conformance
        self._max_pdu_bytes = max_pdu_bytes
        self._faults = faults
        self._reply_to_hls = reply_to_hls
        self._settings = GXDLMSSettings(True, None)
        self._pending = b""
        self._block = 0

    def answer(self, apdu: bytes) -> bytes:
        """Return the answer to the plain request ``apdu``."""
        handler = {
            0xC0: self._get,
            0xC1: self._set,
            0xC3: self._action,
            0x05: self._read,
            0x06: self._write,
        }.get(apdu[0])
        if handler is None:
            return SERVICE_UNKNOWN
        try:
            return handler(Parameters(apdu[1:]))
        except _Silence:
            return b""
        except (ValueError, IndexError) as error:
            logger.debug("demo meter | cannot make sense of {} | {}", apdu.hex(), error)
            return SERVICE_UNKNOWN

    # Logical names.

    def _get(self, request: Parameters) -> bytes:
        kind, invoke = request.number(1), request.number(1)
        if not self._conformance & GET:
            return SERVICE_UNKNOWN
        if kind == _NEXT:
            return self._next_block(invoke, request.number(4))
        self._pending = b""
        head = bytes((0xC4, kind, invoke))
        if kind == _NORMAL:
            result = self._result(self._attribute(request))
            return self._whole_or_first_block(invoke, head + result, result[1:] if result[0] == 0 else b"")
        if kind != _WITH_LIST or not self._conformance & MULTIPLE_REFERENCES:
            return SERVICE_UNKNOWN
        items = [self._attribute(request) for _ in range(request.count())]
        lie = self._faults.lie_about_list(invoke, [index for _, index, *_ in items])
        if lie is not None:
            return lie
        results = length(len(items)) + b"".join(self._result(item) for item in items)
        return self._whole_or_first_block(invoke, head + results, results)

    def _attribute(self, request: Parameters) -> tuple[Any, int, int, Any]:
        """Read an attribute descriptor with its selection off the request: object, attribute, selector, parameters."""
        item = self._by_name.get((request.number(2), request.take(6)))
        index, selector, parameters = request.number(1), 0, None
        if request.number(1):
            selector, parameters = request.number(1), request.value()
        return item, index, selector, parameters

    def _result(self, asked: tuple[Any, int, int, Any]) -> bytes:
        """Return the Get-Data-Result: 0 and the value, or 1 and why not."""
        try:
            return b"\x00" + self._value(*asked)
        except _Silence:
            raise
        except AccessRefused as refusal:
            return bytes((1, refusal.code))
        except Exception as error:  # noqa: BLE001 - gurux raises what it happens to; a meter answers hardware-fault
            logger.debug("demo meter | hardware fault | {!r}", error)
            return bytes((1, ErrorCode.HARDWARE_FAULT))

    def _value(self, item: Any, index: int, selector: int, parameters: Any) -> bytes:
        if item is None:
            raise AccessRefused(ErrorCode.UNDEFINED_OBJECT)
        if self._faults.refuses(item.logicalName, index):
            raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
        if index != 1 and (how := self._faults.of_object(item.logicalName)):
            if how == "unreadable":
                return b"\x06\x00"
            self._faults.end(how)
            raise _Silence
        value = attribute_of(self._settings, item, index, selector, parameters)
        return self._faults.nonsense(int(item.objectType), index, value)

    def _is_too_long(self, apdu: bytes) -> bool:
        limit = self._faults.block_bytes or self._max_pdu_bytes
        return bool(self._conformance & BLOCK_GET) and len(apdu) > limit

    def _whole_or_first_block(self, invoke: int, whole: bytes, raw: bytes) -> bytes:
        """Return the answer ``whole``; when that is too long the first block of ``raw``, the results in it."""
        if not raw or not self._is_too_long(whole):
            return whole
        self._pending, self._block = raw, 0
        return self._block_of(invoke)

    def _next_block(self, invoke: int, acknowledged: int) -> bytes:
        if not self._pending:
            return bytes((0xC4, _NEXT, invoke, 1)) + bytes(4) + bytes((1, ErrorCode.NO_LONG_GET_OR_READ_IN_PROGRESS))
        if acknowledged != self._block:
            self._pending = b""
            number = acknowledged.to_bytes(4)
            return bytes((0xC4, _NEXT, invoke, 1)) + number + bytes((1, ErrorCode.DATA_BLOCK_NUMBER_INVALID))
        return self._block_of(invoke)

    def _block_of(self, invoke: int) -> bytes:
        size = self._faults.block_bytes or max(1, self._max_pdu_bytes - 12)  # header, number and length of the block
        piece, self._pending = self._pending[:size], self._pending[size:]
        self._block += 1
        head = struct.pack(">BBBBIB", 0xC4, _NEXT, invoke, not self._pending, self._block, 0)
        return head + length(len(piece)) + piece

    def _set(self, request: Parameters) -> bytes:
        kind, invoke = request.number(1), request.number(1)
        return bytes((0xC5, _NORMAL, invoke, ErrorCode.READ_WRITE_DENIED)) if kind == _NORMAL else SERVICE_UNKNOWN

    def _action(self, request: Parameters) -> bytes:
        kind, invoke = request.number(1), request.number(1)
        if kind != _NORMAL:
            return SERVICE_UNKNOWN
        asked = (request.number(2), request.take(6), request.number(1))
        given = request.value() if request.number(1) else None
        head = bytes((0xC7, _NORMAL, invoke))
        if asked != _REPLY_TO_HLS or given is None:
            return head + bytes((ErrorCode.READ_WRITE_DENIED, 0))
        try:
            proof = self._reply_to_hls(bytes(given))
        except AccessRefused as refusal:
            return head + bytes((refusal.code, 0))
        return head + bytes((0, 1, 0, 9)) + length(len(proof)) + proof

    # Short names.

    def _read(self, request: Parameters) -> bytes:
        if not self._conformance & READ:
            return SERVICE_UNKNOWN
        count = request.count()
        names = []
        for _ in range(count):
            kind = request.number(1)
            if kind == _BLOCK_NUMBER_ACCESS:
                return self._next_read_block(request.number(2))
            if kind not in (_VARIABLE_NAME, _PARAMETERIZED_ACCESS):
                return SERVICE_UNKNOWN
            name = request.number(2)
            names.append(
                (name, *((request.number(1), request.value()) if kind == _PARAMETERIZED_ACCESS else (0, None)))
            )
        if count > 1:
            lie = self._faults.lie_about_list(None, [self._index(name) for name, *_ in names])
            lie = lie if self._conformance & MULTIPLE_REFERENCES else SERVICE_UNKNOWN
            if lie is not None:
                return lie
        body = length(count) + b"".join(self._read_result(*name) for name in names)
        if self._is_too_long(b"\x0c" + body):
            self._pending, self._block = body, 0
            return self._read_block()
        return b"\x0c" + body

    def _read_result(self, name: int, selector: int, parameters: Any) -> bytes:
        if name == _REPLY_TO_HLS_BASE_NAME and parameters is not None:
            try:
                proof = self._reply_to_hls(bytes(parameters))
            except AccessRefused as refusal:
                return bytes((1, refusal.code))
            return b"\x00\x09" + length(len(proof)) + proof
        for base, item in self._by_short_name.items():
            if base <= name < base + 8 * item.getAttributeCount() and (name - base) % 8 == 0:
                return self._result((item, (name - base) // 8 + 1, selector, parameters))
        return bytes((1, ErrorCode.UNDEFINED_OBJECT))

    def _index(self, name: int) -> int:
        """Return the number of the attribute under a short name; 0 when there is none."""
        for base, item in self._by_short_name.items():
            if base <= name < base + 8 * item.getAttributeCount():
                return int(name - base) // 8 + 1
        return 0

    def _next_read_block(self, acknowledged: int) -> bytes:
        if not self._pending or acknowledged != self._block:
            self._pending = b""
            return bytes((0x0C, 1, 1, ErrorCode.DATA_BLOCK_NUMBER_INVALID))
        return self._read_block()

    def _read_block(self) -> bytes:
        size = self._faults.block_bytes or max(1, self._max_pdu_bytes - 10)
        piece, self._pending = self._pending[:size], self._pending[size:]
        self._block += 1
        head = struct.pack(">BBBBH", 0x0C, 1, 2, not self._pending, self._block)
        return head + length(len(piece)) + piece

    def _write(self, request: Parameters) -> bytes:
        count = request.count()
        return b"\x0d" + length(count) + bytes((1, ErrorCode.READ_WRITE_DENIED)) * count
