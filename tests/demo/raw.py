"""Requests as bytes, for tests that look at what goes over the wire."""

from bridge.demo import DEMO_PASSWORD

PASSWORD = DEMO_PASSWORD.encode()
INITIATE = bytes.fromhex("01000000065f1f0400") + b"\x7f\xff\xff" + b"\x04\xb0"


def aarq(password=PASSWORD, *, initiate=INITIATE, context=1, mechanism=1, title=b""):
    body = b"\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01" + bytes((context,))
    if title:
        body += b"\xa6\x0a\x04\x08" + title
    if mechanism:
        body += b"\x8a\x02\x07\x80\x8b\x07\x60\x85\x74\x05\x08\x02" + bytes((mechanism,))
        body += bytes((0xAC, len(password) + 2, 0x80, len(password))) + password
    body += bytes((0xBE, len(initiate) + 2, 4, len(initiate))) + initiate
    return bytes((0x60, len(body))) + body


def wrapped(apdu, *, client=1, server=1):
    return b"\x00\x01" + client.to_bytes(2) + server.to_bytes(2) + len(apdu).to_bytes(2) + apdu


def name(obis):
    return bytes(int(part) for part in obis.split("."))


def get(obis, *, class_id=3, index=2, invoke=0xC1):
    return bytes((0xC0, 1, invoke)) + class_id.to_bytes(2) + name(obis) + bytes((index, 0))


def get_list(*obis, class_id=3, index=2, invoke=0xC1):
    items = [class_id.to_bytes(2) + name(each) + bytes((index, 0)) for each in obis]
    return bytes((0xC0, 3, invoke, len(items))) + b"".join(items)


def asked(side, apdu, **addresses):
    """Return the APDU that a meter behind the wrapper answers with; empty when it is silent."""
    return side.answer(wrapped(apdu, **addresses))[8:]


def associated(side, **arguments):
    """Return ``side``, associated with by password."""
    assert asked(side, aarq(**arguments))[:1] == b"\x61"
    return side
