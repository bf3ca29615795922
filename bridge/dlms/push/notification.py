"""What a notification says, once it is plain: data (``0F``) and events (``C2``) (IEC 62056-5-3, 9.3.10, 9.3.11). Pure.

Rules
    The time of a data notification is an octet string without its tag, empty where there is none; some put the tag
    there all the same. An event's time is optional: the octet that says whether it is there is often left out. Both are
    read as they are meant, by what then makes sense of all that follows.
    Nothing is guessed about the body: see ``body.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from bridge.dlms.axdr import decode
from bridge.dlms.xdlms import Attribute
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from typing import Final

    from bridge.dlms.axdr import Raw
    from bridge.dlms.security_keys import Security

DATA_NOTIFICATION: Final = 0x0F
EVENT_NOTIFICATION: Final = 0xC2
_OCTET_STRING, _DATE_TIME_BYTES = 0x09, 12
_INVOKE_ID_BITS: Final = 0x00FFFFFF
_DESCRIPTOR_BYTES: Final = 9
_TIME_LENGTHS: Final = (0, 4, 5, _DATE_TIME_BYTES)
"""None, a time, a date, a date-time."""
_NO_TIME: Final = (b"\x00", b"")
_TIME_HEADS: Final = (b"\x00", b"\x01\x0c", b"\x01\x09\x0c", b"\x0c", b"\x09\x0c", b"\x01", b"")
"""What may stand before an event's time, or in its place: presence, tag and length, of which some are left out."""
_NO_ATTRIBUTE: Final = "sent an event of no attribute that there is"
_CLASSES: Final = range(1, 0x2000)
"""Of an event's attribute: where an octet is left out or put in, its class becomes one that nobody has."""


class Notification(NamedTuple):
    """One notification, opened.

    Args:
        kind: ``data``, or ``event`` for one attribute that changed.
        title: the system title of the meter, 8 octets; empty where it came plain.
        counter: the invocation counter under which it was ciphered; None where it came plain. Keep it per title: the
            next one must be higher.
        security: how it was protected. Whether that is enough for this meter is the caller's to say: ``none`` may be
            anybody's, and ``encryption`` alone shows no change on the way.
        invoke_id: the meter's number of a data notification, 24 bits; many always send the same. 0 of an event.
        sent: the meter's time of it as a COSEM date-time, 12 octets; empty where it states none.
        subject: the attribute that an event is about; None of a data notification.
        body: what it says, decoded.
    """

    kind: Literal["data", "event"]
    title: bytes
    counter: int | None
    security: Security
    invoke_id: int
    sent: bytes
    subject: Attribute | None
    body: Raw


def plain_notification(apdu: bytes) -> Notification:
    """Return what the plain APDU says.

    Raises:
        DecodeError: it is no notification, or makes no sense.
    """
    tag = apdu[0] if apdu else None
    try:
        if tag == DATA_NOTIFICATION:
            at = data_value_at(apdu)
            invoke_id = int.from_bytes(apdu[1:5]) & _INVOKE_ID_BITS
            return Notification("data", b"", None, "none", invoke_id, _sent(apdu[5:at]), None, decode(apdu[at:]))
        if tag == EVENT_NOTIFICATION:
            return _event(apdu)
    except IndexError:
        raise DecodeError("sent a notification that is cut short") from None
    raise DecodeError("sent an empty message" if tag is None else f"sent an APDU that begins with {tag:02X}")


def data_value_at(apdu: bytes | bytearray) -> int:
    """Return where the body of a data notification begins.

    Raises:
        IndexError: it is cut short before.
        DecodeError: its time has a length that no time has.
    """
    at = 5
    if apdu[at] == _OCTET_STRING and apdu[at + 1] in _TIME_LENGTHS:
        at += 1
    if apdu[at] not in _TIME_LENGTHS:
        raise DecodeError(f"sent a notification whose time has {apdu[at]} octets")
    return at + 1 + apdu[at]


def event_value_at(apdu: bytes | bytearray) -> int:
    """Return where the value of an event notification begins, as it is most likely meant.

    Raises:
        IndexError: too little is there to tell.
        DecodeError: it is about no attribute that there is.
    """
    for head in _TIME_HEADS:
        if (start := _event_value_behind(head, apdu)) is not None:
            return start
    raise DecodeError(_NO_ATTRIBUTE)


def _event(apdu: bytes) -> Notification:
    doubt: DecodeError | None = None
    for head in _TIME_HEADS:
        try:
            if (at := _event_value_behind(head, apdu)) is None:
                continue
            body = decode(apdu[at:])
        except DecodeError as error:
            doubt = doubt or error  # what the likeliest reading lacks is told
            continue
        except IndexError:
            doubt = doubt or DecodeError("sent an event that is cut short")
            continue
        descriptor = apdu[at - _DESCRIPTOR_BYTES : at]
        subject = Attribute(int.from_bytes(descriptor[:2]), descriptor[2:8], descriptor[8])
        return Notification("event", b"", None, "none", 0, _sent(apdu[1 : at - _DESCRIPTOR_BYTES]), subject, body)
    raise doubt or DecodeError(_NO_ATTRIBUTE)


def _event_value_behind(head: bytes, apdu: bytes | bytearray) -> int | None:
    """Return where an event's value begins if ``head`` stands before its time; None if that makes no sense.

    Raises:
        IndexError: too little is there to tell.
    """
    if not apdu.startswith(head, 1):
        if head.startswith(apdu[1:]):
            raise IndexError
        return None
    at = 1 + len(head) + (_DATE_TIME_BYTES if head not in _NO_TIME else 0)
    descriptor = apdu[at : at + _DESCRIPTOR_BYTES]
    if len(descriptor) < _DESCRIPTOR_BYTES:
        raise IndexError
    return at + _DESCRIPTOR_BYTES if int.from_bytes(descriptor[:2]) in _CLASSES and descriptor[8] else None


def _sent(octets: bytes) -> bytes:
    """Return the date-time at the end of ``octets``; empty where there is none."""
    return octets[-_DATE_TIME_BYTES:] if len(octets) >= _DATE_TIME_BYTES else b""
