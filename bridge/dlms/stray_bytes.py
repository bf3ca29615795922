"""What bytes are that came and answered nothing: Telnet's options, pushed frames, frames that lost a byte, text. Pure.

A faulty line is seldom silent. What it says tells a technician what to do; "no answer" does not.

Rules
    Only what can hardly be anything else is named: a frame counts as damaged when its beginning and its end are there,
    as pushed when its check sequence holds. The rest is ``other``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Final, Literal

from bridge.dlms.framing import HdlcFramer, WrapperFramer, check_sequence_holds

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal[
    "telnet",  # the converter negotiates Telnet options, or doubles each FF
    "push",  # whole frames, or a telegram, that nobody asked for
    "flow-control",  # frames without their bytes 11 and 13: XON/XOFF takes them out
    "short",  # frames that lack a byte before their end
    "damaged",  # frames of the right length whose check sequence is wrong
    "parity",  # text with a parity bit in each byte
    "text",
    "other",
]

_OPTION: Final = re.compile(rb"\xff[\xfb-\xfe][\x00-\x2f]")  # IAC WILL, WONT, DO, DONT and an option (RFC 854)
_UI: Final = 0x03  # unnumbered information, without the poll bit
_PUSHED: Final = {
    0x0F: "DataNotification",
    0xC2: "EventNotification",
    0x18: "InformationReport",
    0xE0: "general block transfer",
    0xDB: "ciphered notification",
    0xDF: "ciphered notification",
}
_TELEGRAM: Final = re.compile(rb"/([A-Za-z]{3}[^\r\n]{1,60})\r?\n[\s\S]*?\d\.\d+\.\d+(?:\*\d+)?\(")
_SML: Final = b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01"
_MBUS: Final = re.compile(rb"\x68(.)\1\x68", re.DOTALL)
_LONGEST_LOOKED_AT: Final = 4096
_MOST_LACKING: Final = 3
_LONGEST_PUT_BACK: Final = {1: 4096, 2: 96, 3: 40}
"""Octets of a frame in which so many missing ones are looked for: the time that it takes grows with their places."""
_SHORTEST: Final = 5  # octets of a frame between its flags
_LONGEST_SHOWN: Final = 24


@dataclass(frozen=True, slots=True)
class StrayBytes:
    """What bytes are.

    Args:
        kind: see above.
        said: what of it is worth showing: a name, text, or the first octets in hex.
    """

    kind: Kind
    said: str = ""


def identify(data: bytes) -> StrayBytes | None:
    """Return what ``data`` is, which answered nothing; None for no bytes, or flags and zeros alone."""
    data = data[-_LONGEST_LOOKED_AT:]
    if not data.strip(b"\x7e\x00"):
        return None
    for judge in (_telnet, identify_push, _damage, _text):
        if found := judge(data):
            return found
    return StrayBytes("other", hexadecimal(data))


def identify_push(data: bytes) -> StrayBytes | None:
    """Return what of ``data`` was sent without being asked for; None when nothing was."""
    said = next(_pushed(data), "")
    return StrayBytes("push", said) if said else None


def negotiates_telnet(data: bytes) -> bool:
    """Return whether Telnet's options are among ``data``."""
    options = _OPTION.findall(data)
    return len(options) > 1 or bool(options and data.startswith(options[0]))


def _telnet(data: bytes) -> StrayBytes | None:
    if negotiates_telnet(data):
        return StrayBytes("telnet", hexadecimal(data[data.index(_OPTION.findall(data)[0]) :]))
    single = data.replace(b"\xff\xff", b"\xff")
    if single != data and HdlcFramer().feed(single) and not HdlcFramer().feed(data):
        return StrayBytes("telnet", hexadecimal(data))
    return None


def _pushed(data: bytes) -> Iterator[str]:
    """Yield in a few words what was pushed."""
    for frame in HdlcFramer().feed(data):
        at = _control_at(frame)
        apdu = frame[at + 3 : -3].removeprefix(b"\xe6\xe7\x00").removeprefix(b"\xe6\xe6\x00")
        word = _PUSHED.get(apdu[0], "") if apdu else ""
        if frame[at] & 0xEF == _UI or (word and not frame[at] & 1):
            yield f"HDLC, {word or 'UI'}"
    for frame in WrapperFramer().feed(data) if data[:2] == b"\x00\x01" else ():
        if frame[8] in _PUSHED:
            yield f"wrapper, {_PUSHED[frame[8]]}"
    if telegram := _TELEGRAM.search(data):
        yield f"P1, /{telegram[1].decode('ascii', 'replace')}"
    if _SML in data:
        yield "SML"
    for start in _MBUS.finditer(data):
        body = data[start.end() : start.end() + start[1][0]]
        end = start.end() + start[1][0]
        if data[end : end + 1] == bytes((sum(body) & 0xFF,)):
            yield "M-Bus"


def _damage(data: bytes) -> StrayBytes | None:
    body = next(_damaged(data), None)
    return None if body is None else _judged(body)


def _text(data: bytes) -> StrayBytes | None:
    if text := printable(data):
        return StrayBytes("text", text)
    text = _without_parity(data)
    return StrayBytes("parity", text) if text else None


def printable(data: bytes) -> str:
    """Return ``data`` as a line of text; empty when it is none, or too short to be sure."""
    text = data.strip(b"\r\n\x00 ")
    if len(text) < 3 or not all(32 <= byte < 127 or byte in b"\r\n\t" for byte in text):
        return ""
    return " ".join(text.decode("ascii").split())


def hexadecimal(data: bytes) -> str:
    """Return the first octets of ``data`` as pairs of digits."""
    return data[:_LONGEST_SHOWN].hex(" ").upper() + (" …" if len(data) > _LONGEST_SHOWN else "")


def _judged(body: bytes) -> StrayBytes:
    """Return what is wrong with a frame, given without its flags."""
    lacking = _length(body) - len(body)
    seen = hexadecimal(b"\x7e" + body + b"\x7e")
    if lacking == 0:
        return StrayBytes("damaged", seen)
    return StrayBytes("flow-control" if any(_put_back(body, lacking)) else "short", seen)


def _damaged(data: bytes) -> Iterator[bytes]:
    """Yield frames, without flags, that begin and end as such, and lack a few bytes or their right check sequence."""
    for start in (found.start() + 1 for found in re.finditer(b"\x7e(?=[\xa0-\xaf])", data)):
        length = _length(data[start : start + 2])
        for end in range(start + length, start + max(length - _MOST_LACKING, _SHORTEST) - 1, -1):
            if data[end : end + 1] == b"\x7e":
                if not check_sequence_holds(data[start:end]):
                    yield data[start:end]
                break


def _length(body: bytes) -> int:
    return (body[0] & 0x07) << 8 | body[1] if len(body) > 1 else 0


def _put_back(body: bytes, lacking: int) -> Iterator[bool]:
    """Yield that the check sequence holds once XON or XOFF are put back in somewhere; nothing when it never does."""
    if len(body) > _LONGEST_PUT_BACK.get(lacking, 0):
        return
    for places in combinations(range(2, len(body) + lacking), lacking):
        for bytes_ in product((0x11, 0x13), repeat=lacking):
            whole = bytearray(body)
            for place, byte in zip(places, bytes_, strict=True):
                whole.insert(place, byte)
            if check_sequence_holds(bytes(whole)):
                yield True
                return


def _without_parity(data: bytes) -> str:
    """Return the text that stands in seven of the eight bits, where the eighth makes every byte even."""
    if len(data) < 4 or any(byte.bit_count() & 1 for byte in data) or not any(byte & 0x80 for byte in data):
        return ""
    return printable(bytes(byte & 0x7F for byte in data))


def _control_at(frame: bytes) -> int:
    at = 3
    for _ in range(2):
        while not frame[at] & 1:
            at += 1
        at += 1
    return at
