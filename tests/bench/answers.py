"""What a simulated meter answers, APDU for APDU: made once, handed out many times.

Logical names, GET and GET-WITH-LIST, the association with a password or none, suite 0 authenticated and encrypted.
Nothing here knows frames or sockets. The values change from one answer to the next, so that nobody who keeps an
answer's bytes and skips decoding them looks fast.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSIONS = 16
"""So many values a register takes in turn."""

PASSWORD = "12345678"
ENCRYPTION_KEY = bytes(range(16))
AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
SYSTEM_TITLE = b"SIM\x00\x00\x00\x00\x00"
MAX_PDU = 1024

_GET, _BLOCK, _LIST = 1, 2, 3  # get-request-normal, -next, -with-list (IEC 62056-5-3, 9.3.6)
_AUTHENTICATED_ENCRYPTED = 0x30  # security control: suite 0, global unicast key (IEC 62056-5-3, 9.2.7.2.4.1)
_TAG = 12

OTHER, GET, LIST, SCALER = range(4)
"""What a request was, for those who count."""


@dataclass(frozen=True, slots=True)
class Register:
    """One register: key in the profile, OBIS, struct code of its COSEM type, scaler, COSEM unit, first raw value."""

    key: str
    obis: str
    code: str
    scaler: int
    unit: int
    base: int

    @property
    def logical_name(self) -> bytes:
        """The six groups."""
        medium, rest = self.obis.split("-")
        channel, rest = rest.split(":")
        return bytes((int(medium), int(channel), *map(int, rest.split(".")), 255))

    def raw(self, version: int) -> int:
        """The raw value of answer number ``version``."""
        return self.base + 7 * (version % VERSIONS)

    def value(self, version: int) -> float:
        """The same with its scaler, as the meter means it."""
        return self.raw(version) * 10**self.scaler if self.scaler >= 0 else self.raw(version) / 10**-self.scaler


REGISTERS = (
    Register("voltage_l1", "1-0:32.7.0", "H", -1, 35, 2301),
    Register("voltage_l2", "1-0:52.7.0", "H", -1, 35, 2312),
    Register("voltage_l3", "1-0:72.7.0", "H", -1, 35, 2299),
    Register("current_l1", "1-0:31.7.0", "H", -2, 33, 1234),
    Register("current_l2", "1-0:51.7.0", "H", -2, 33, 987),
    Register("current_l3", "1-0:71.7.0", "H", -2, 33, 1101),
    Register("frequency", "1-0:14.7.0", "H", -2, 44, 4996),
    Register("active_power", "1-0:16.7.0", "i", 0, 27, -2150),
    Register("active_energy", "1-0:1.8.0", "I", 0, 30, 56_348_126),
    Register("exported_energy", "1-0:2.8.0", "I", 0, 30, 0x7E7E7E00),  # flags inside a frame are lawful
)
"""A three-phase meter's ten; both types of instantaneous value, signed and unsigned, and energy."""

_TYPES = {"H": 0x12, "i": 0x05, "I": 0x06}  # long-unsigned, double-long, double-long-unsigned


def unit_scaler(register: Register) -> bytes:
    """The structure in attribute 3 of a Register (IEC 62056-6-2, 4.3.2)."""
    return struct.pack(">BBBbBB", 2, 2, 0x0F, register.scaler, 0x16, register.unit)


class Book:
    """The answers to what may be asked, the same for every meter.

    Args:
        lists: whether GET-WITH-LIST is supported.
    """

    def __init__(self, *, lists: bool = True) -> None:
        self.lists = lists
        self._data: dict[bytes, tuple[bytes, ...]] = {}
        self._scalers = set()
        for register in REGISTERS:
            name = b"\x00\x03" + register.logical_name
            values = [register.raw(version) for version in range(VERSIONS)]
            tag = _TYPES[register.code]
            self._data[name + b"\x02"] = tuple(struct.pack(">BB" + register.code, 0, tag, raw) for raw in values)
            self._data[name + b"\x03"] = (b"\x00" + unit_scaler(register),) * VERSIONS
            self._scalers.add(name + b"\x03")
        for name, text in ((b"\x00\x00\x2a\x00\x00\xff", b"SIM0000000001"), (b"\x00\x00\x60\x01\x00\xff", b"4711")):
            self._data[b"\x00\x01" + name + b"\x02"] = (b"\x00\x09" + bytes((len(text),)) + text,) * VERSIONS

    @property
    def conformance(self) -> bytes:
        """The block of services: get, and multiple references where lists are supported (IEC 62056-5-3, 7.3.1)."""
        return bytes((0x00, 0x02 if self.lists else 0x00, 0x10))

    def answers(self, apdu: bytes) -> tuple[int, int, tuple[bytes, ...]]:
        """Return what ``apdu`` is, how many registers it asks for, and the answers to it, a version each."""
        if len(apdu) == 13 and apdu[0] == 0xC0 and apdu[1] == _GET and not apdu[12]:
            found = self._data.get(apdu[3:12])
            head = bytes((0xC4, _GET, apdu[2]))
            kind = SCALER if apdu[3:12] in self._scalers else GET
            if found is None:
                # object-undefined; no register, or a load profile that is looked for would begin a cycle
                return OTHER, 0, (head + b"\x01\x04",) * VERSIONS
            return kind, 1, tuple(head + data for data in found)
        if apdu[0] == 0xC0 and apdu[1] == _LIST and self.lists and len(apdu) == 4 + 10 * apdu[3]:
            names = [apdu[at : at + 9] for at in range(4, len(apdu), 10)]
            head = bytes((0xC4, _LIST, apdu[2], len(names)))
            refused = (b"\x01\x04",) * VERSIONS
            columns = [self._data.get(name, refused) for name in names]
            scalers = sum(name in self._scalers for name in names)
            versions = tuple(head + b"".join(column[n] for column in columns) for n in range(VERSIONS))
            return SCALER if scalers else LIST, len(names), versions
        return OTHER, 0, (b"\xd8\x01\x02",) * VERSIONS  # exception-response: service not allowed, not supported


class Secrets:
    """Suite 0, authenticated and encrypted, under keys that all meters share."""

    def __init__(self) -> None:
        self._gcm = AESGCM(ENCRYPTION_KEY)
        self._aad = bytes((_AUTHENTICATED_ENCRYPTED,)) + AUTHENTICATION_KEY

    def protect(self, tag: int, plain: bytes, title: bytes, counter: int) -> bytes:
        """Return the ciphered APDU."""
        number = struct.pack(">I", counter)
        sealed = self._gcm.encrypt(title + number, plain, self._aad)[: len(plain) + _TAG]
        return bytes((tag,)) + _length(5 + len(sealed)) + self._aad[:1] + number + sealed

    def open(self, apdu: bytes, title: bytes, least: int) -> tuple[int, bytes] | None:
        """Return counter and content; None when it is damaged, forged or not newer than ``least``.

        The cipher is a stream: encrypting what is encrypted opens it, and encrypting that again gives the tag that
        belongs to it. Two calls like that take a third of the time of one with a tag of twelve bytes.
        """
        at = 2 if apdu[1] < 0x80 else 2 + (apdu[1] & 0x7F)
        counter = int.from_bytes(apdu[at + 1 : at + 5], "big")
        if apdu[at] != _AUTHENTICATED_ENCRYPTED or counter < least or len(apdu) < at + 5 + _TAG:
            return None
        nonce, sealed, tag = title + apdu[at + 1 : at + 5], apdu[at + 5 : -_TAG], apdu[-_TAG:]
        plain = self._gcm.encrypt(nonce, sealed, b"")[: len(sealed)]
        if self._gcm.encrypt(nonce, plain, self._aad)[len(plain) : len(plain) + _TAG] != tag:
            return None
        return counter, plain


class Association:
    """One client's association with one meter.

    Args:
        book: its answers.
        secrets: how it is protected; None leaves it in clear.
        number: which meter this is, for its system title.
    """

    __slots__ = ("_book", "_client_title", "_counter", "_least", "_secrets", "_title", "is_open")

    def __init__(self, book: Book, secrets: Secrets | None, number: int) -> None:
        self._book = book
        self._secrets = secrets
        self._title = SYSTEM_TITLE[:4] + struct.pack(">I", number)
        self._client_title = b""
        self._counter = self._least = 0
        self.is_open = False

    def plain_answers(self, apdu: bytes) -> tuple[int, int, tuple[bytes, ...]] | None:
        """Return what the same request always gets, or None when this one must be answered by itself."""
        if self.is_open and self._secrets is None and apdu[0] == 0xC0:
            return self._book.answers(apdu)
        return None

    def answer(self, apdu: bytes, version: int) -> tuple[int, int, bytes]:
        """Return what ``apdu`` was, how many registers it asked for, and the answer."""
        if apdu[0] == 0x60:
            return OTHER, 0, self._associate(apdu)
        if not self.is_open:
            return OTHER, 0, b"\xd8\x01\x01"  # exception-response: service not allowed, operation not possible
        if apdu[0] == 0x62:
            self.is_open = False
            return OTHER, 0, b"\x63\x03\x80\x01\x00"
        if self._secrets is None:
            kind, count, answers = self._book.answers(apdu)
            return kind, count, answers[version % VERSIONS]
        opened = self._open(apdu) if apdu[0] == 0xC8 else None
        if opened is None:
            return OTHER, 0, b"\xd8\x01\x05"  # exception-response: deciphering error
        kind, count, answers = self._book.answers(opened)
        plain = answers[version % VERSIONS]
        return kind, count, plain if plain[0] == 0xD8 else self._protect(0xCC, plain)

    def _open(self, apdu: bytes) -> bytes | None:
        opened = self._secrets.open(apdu, self._client_title, self._least)
        if opened is None:
            return None
        counter, plain = opened
        self._least = counter + 1
        return plain

    def _protect(self, tag: int, plain: bytes) -> bytes:
        self._counter += 1
        return self._secrets.protect(tag, plain, self._title, self._counter)

    def _associate(self, aarq: bytes) -> bytes:
        """AARQ to AARE (IEC 62056-5-3, 7.2.4)."""
        fields = dict(_fields(aarq[2:]))
        self._client_title = fields.get(0xA6, b"")[2:]
        initiate = fields.get(0xBE, b"")[2:]
        password = fields.get(0xAC, b"")[2:].decode("latin-1")
        context = b"\x06\x07\x60\x85\x74\x05\x08\x01" + (b"\x03" if self._secrets else b"\x01")
        if password != PASSWORD:
            return _aare(context, 13)  # authentication-failure
        if self._secrets is not None:
            self._least = 0
            initiate = (self._open(initiate) if initiate[:1] == b"\x21" else None) or b""
        block = initiate.find(b"\x5f\x1f\x04\x00")
        if block < 0:
            return _aare(context, 1)  # no-reason-given
        proposed = initiate[block + 4 : block + 7]
        agreed = bytes(one & other for one, other in zip(proposed, self._book.conformance, strict=True))
        response = b"\x08\x00\x06\x5f\x1f\x04\x00" + agreed + struct.pack(">H", MAX_PDU) + b"\x00\x07"
        self.is_open = True
        if self._secrets is None:
            return _aare(context, 0, response)
        return _aare(context, 0, self._protect(0x28, response), self._title)


def _aare(context: bytes, diagnostic: int, information: bytes = b"", title: bytes = b"") -> bytes:
    parts = b"\xa1" + _length(len(context)) + context
    parts += bytes((0xA2, 3, 2, 1, 1 if diagnostic else 0, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic))
    if title:
        parts += bytes((0xA4, 10, 4, 8)) + title
    if information:
        parts += b"\xbe" + _length(len(information) + 2) + b"\x04" + _length(len(information)) + information
    return b"\x61" + _length(len(parts)) + parts


def _fields(content: bytes):
    """Yield tag and content of the elements of an AARQ."""
    at = 0
    while at + 2 <= len(content):
        end = at + 2 + content[at + 1]
        yield content[at], content[at + 2 : end]
        at = end


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 0x80 else bytes((0x81, size))
