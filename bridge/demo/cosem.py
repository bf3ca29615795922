"""COSEM objects of the demo meter and the A-XDR bytes of their attributes.

gurux-dlms gives the object classes and the encoding of values; what its server side gets wrong or leaves out stands
here as bytes of its own beside the object (:attr:`coded`). What objects the meter has is ``inventory.py``'s business.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gurux_dlms import GXByteBuffer, ValueEventArgs
from gurux_dlms.enums import DataType, ErrorCode
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSRegister

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.demo.load import RegisterSpec


class AccessRefused(Exception):  # noqa: N818 - an answer of the protocol, not an error of this program
    """The meter refuses an attribute or a method.

    Args:
        code: Data-Access-Result (IEC 62056-5-3), or Action-Result.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def typed(kind: DataType, value: Any) -> bytes:
    """Return ``value`` in A-XDR, its type tag in front."""
    buffer = GXByteBuffer()
    _GXCommon.setData(None, buffer, kind, value)
    return bytes(buffer.array())


def structure(*members: bytes) -> bytes:
    """Return a structure of members that are encoded already."""
    return bytes((DataType.STRUCTURE, len(members))) + b"".join(members)


def array(members: list[bytes]) -> bytes:
    """Return an array of members that are encoded already."""
    return bytes((DataType.ARRAY,)) + length(len(members)) + b"".join(members)


def length(count: int) -> bytes:
    """Return a count or length in A-XDR: one byte below 128, else its size with the top bit and the number."""
    if count < 0x80:
        return bytes((count,))
    size = (count.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + count.to_bytes(size)


def logical_name(obis: str) -> bytes:
    """Return the six bytes of ``obis``, written with points."""
    return bytes(int(part) for part in obis.split("."))


def date_time(at_s: float) -> bytes:
    """Return the twelve bytes of a COSEM date-time in UTC (IEC 62056-6-2, 4.1.6.1), hundredths unset."""
    at = datetime.fromtimestamp(at_s, UTC)
    day = (at.year >> 8, at.year & 0xFF, at.month, at.day, at.isoweekday())
    return bytes((*day, at.hour, at.minute, at.second, 0xFF, 0, 0, 0))


def from_date_time(coded: bytes) -> float:
    """Return Unix seconds of a COSEM date-time; unset parts are the lowest, an unset deviation is UTC.

    Raises:
        ValueError: no such date.
    """
    year, month, day = int.from_bytes(coded[:2]), coded[2], coded[3]
    hour, minute, second = (0 if part == 0xFF else part for part in coded[5:8])
    deviation = int.from_bytes(coded[9:11], signed=True) if len(coded) >= 11 else 0
    at = datetime(
        1970 if year == 0xFFFF else year,
        1 if month > 12 else month,
        1 if day > 31 else day,
        hour,
        minute,
        second,
        tzinfo=UTC,
    )
    # The deviation is what must be added to local time to get UTC, in minutes.
    return at.timestamp() + (0 if deviation == -0x8000 else deviation * 60)


def scaler_unit(scaler: int, unit: int) -> bytes:
    """Return scaler_unit: whole power of ten and unit (gurux takes a logarithm, which rounds 1000 to 2)."""
    return bytes((DataType.STRUCTURE, 2, DataType.INT8, scaler & 0xFF, DataType.ENUM, int(unit)))


class DemoRegister(GXDLMSRegister):  # type: ignore[misc]
    """A register; ``value`` is what it reads now, raw."""

    def __init__(self, spec: RegisterSpec) -> None:
        super().__init__(spec.obis)
        self.coded: Mapping[int, Callable[[], bytes]] = {
            2: lambda: typed(spec.type, self.value),
            3: lambda: scaler_unit(spec.scaler, spec.unit),
        }


def with_attributes(item: Any, coded: Mapping[int, Callable[[], bytes]], *, version: int | None = None) -> Any:
    """Return the gurux object ``item`` with attributes whose bytes are made by ``coded`` when asked for."""
    item.coded = coded
    if version is not None:
        item.version = version
    return item


def attribute_of(settings: Any, item: Any, index: int, selector: int = 0, parameters: Any = None) -> bytes:
    """Return attribute ``index`` of ``item`` in A-XDR.

    Args:
        settings: gurux's settings of the association.
        item: the object, one of gurux's.
        index: attribute, from 1 on.
        selector: access selector; 0 for none.
        parameters: its parameters, decoded.

    Raises:
        AccessRefused: there is no such attribute, or no such selection of it.
    """
    if not 1 <= index <= item.getAttributeCount():
        raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
    if selector:
        select = getattr(item, "select", None)
        if select is None or index != 2:
            raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
        selected: bytes = select(selector, parameters)
        return selected
    coded = getattr(item, "coded", {}).get(index)
    if coded is not None:
        made: bytes = coded()
        return made
    args = ValueEventArgs(settings, item, index)
    value = item.getValue(settings, args)
    if args.error:
        raise AccessRefused(args.error)
    buffer = GXByteBuffer()
    GXDLMS.appendData(settings, item, index, buffer, value)
    return bytes(buffer.array())


class Parameters:
    """A-XDR read value by value: what a request carries behind its header.

    Args:
        data: the bytes; read from the beginning.
    """

    def __init__(self, data: bytes) -> None:
        self._buffer = GXByteBuffer(data)

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes.

        Raises:
            ValueError: there are not that many.
        """
        if count > self._buffer.size - self._buffer.position:
            raise ValueError(f"{count} more bytes expected")
        taken = bytearray(count)
        self._buffer.get(taken)
        return bytes(taken)

    def number(self, size: int) -> int:
        """Return the next ``size`` bytes as an unsigned number."""
        return int.from_bytes(self.take(size))

    def count(self) -> int:
        """Return the next length or count."""
        first = self.number(1)
        return self.number(first & 0x7F) if first & 0x80 else first

    def value(self) -> Any:
        """Return the next value with its type tag, as gurux decodes it.

        Raises:
            ValueError: it is none.
        """
        try:
            return _GXCommon.getData(None, self._buffer, _GXDataInfo())
        except Exception as error:  # gurux raises what it happens to
            raise ValueError(str(error)) from error

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self._buffer.size - self._buffer.position)
