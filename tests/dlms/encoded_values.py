"""COSEM values encoded by gurux, and what gurux makes of them; ours must agree."""

import math
import re
import struct

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from hypothesis import strategies as st

from bridge.dlms import axdr, xdlms
from bridge.dlms.axdr import Unexpected
from bridge.dlms.gurux import reference
from bridge.dlms.xdlms import ServiceRequest


def coded(kind, value):
    buffer = GXByteBuffer()
    _GXCommon.setData(None, buffer, kind, value)
    return bytes(buffer.array())


def integers(kind, bits, *, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(low, high).map(lambda value: coded(kind, value))


def count(number):
    buffer = GXByteBuffer()
    _GXCommon.setObjectCount(number, buffer)
    return bytes(buffer.array())


octets = st.binary(max_size=300)


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)


leaves = st.one_of(
    st.just(b"\x00"),
    st.booleans().map(lambda value: coded(DataType.BOOLEAN, value)),
    integers(DataType.INT8, 8, signed=True),
    integers(DataType.INT16, 16, signed=True),
    integers(DataType.INT32, 32, signed=True),
    integers(DataType.INT64, 64, signed=True),
    integers(DataType.UINT8, 8, signed=False),
    integers(DataType.UINT16, 16, signed=False),
    integers(DataType.UINT32, 32, signed=False),
    integers(DataType.UINT64, 64, signed=False),
    integers(DataType.ENUM, 8, signed=False),
    st.floats(width=32).map(lambda value: coded(DataType.FLOAT32, value)),
    st.floats().map(lambda value: coded(DataType.FLOAT64, value)),
    octets.map(lambda value: coded(DataType.OCTET_STRING, value)),
    texts.map(lambda value: coded(DataType.STRING, value)),
    st.text(max_size=60).map(lambda value: coded(DataType.STRING_UTF8, value)),
    st.text("01", max_size=100).map(lambda value: coded(DataType.BITSTRING, value)),
    st.datetimes().map(lambda value: coded(DataType.DATETIME, GXDateTime(value))),
    st.datetimes().map(lambda value: coded(DataType.DATE, GXDateTime(value))),
    st.datetimes().map(lambda value: coded(DataType.TIME, GXDateTime(value))),
)


values = st.recursive(
    leaves,
    lambda inner: st.tuples(st.sampled_from((1, 2)), st.lists(inner, max_size=6)).map(
        lambda made: bytes((made[0],)) + count(len(made[1])) + b"".join(made[1])
    ),
    max_leaves=12,
)


refusals = st.sampled_from((1, 2, 3, 4, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 250))


results = st.one_of(values.map(lambda value: b"\x00" + value), refusals.map(lambda code: bytes((1, code))))


def by_gurux(data):
    """Return the value as gurux decodes it."""
    return _GXCommon.getData(GXDLMSSettings(False, None), GXByteBuffer(data), _GXDataInfo())


def agree(ours, theirs, data):
    """Return whether a value of ours is gurux's; ``data``: the encoded value, whose tag says what is compared how."""
    tag = data[0]
    if tag in (1, 2):
        parts = list(elements(data))
        if not parts:
            return ours == [] and not theirs  # gurux makes None of an empty array that comes by itself
        return len(ours) == len(theirs) == len(parts) and all(map(agree, ours, theirs, parts))
    return COMPARED.get(tag, same)(ours, theirs, data)


def same(ours, theirs, _):
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def same_bits(form):
    def compare(ours, theirs, _):
        return struct.pack(form, ours) == struct.pack(form, theirs) or (math.isnan(ours) and math.isnan(theirs))

    return compare


def same_text(ours, theirs, _):
    """gurux shows text that is not printable ASCII as hex; ours is the text. Zeros that pad it are none of it."""
    return (
        ours in (theirs, bytes.fromhex(theirs).decode(errors="replace").rstrip("\0"))
        if HEX.fullmatch(theirs)
        else ours == theirs
    )


def same_date(ours, theirs, data):
    """Ours stay octets; gurux makes the same date of them."""
    return str(by_gurux(data[:1] + ours)) == str(theirs)


HEX = re.compile("(?:[0-9A-F]{2} )*[0-9A-F]{2}")


COMPARED = {
    0x04: lambda ours, theirs, _: ours == str(theirs),
    0x09: lambda ours, theirs, _: isinstance(ours, bytes) and ours == bytes(theirs),
    0x0A: same_text,
    0x0C: same_text,
    0x17: same_bits(">f"),  # the shortest decimal that stands for it, where gurux shows binary noise
    0x18: same_bits(">d"),
    0x19: same_date,
    0x1A: same_date,
    0x1B: same_date,
}


def elements(data):
    """Yield the encoded elements of an array or structure."""
    number, at = axdr.length_at(data, 1)
    for _ in range(number):
        _, end = axdr.value_at(data, at, 1)
        yield data[at:end]
        at = end


def gurux_reply(apdu):
    client = GXDLMSClient(apdu[0] == 0xC4, 1, 1, Authentication.NONE, None, InterfaceType.PDU)
    reply = GXReplyData()
    client.getData(GXByteBuffer(apdu), reply, None)
    return reply


def by_either(apdu):
    try:
        return xdlms.answer(apdu, ServiceRequest(b"", b"", 1))
    except Unexpected:
        return reference(apdu[4:])
