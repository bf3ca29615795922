"""The smallest question to a port in each framing, and what an answer proves. Pure: no socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bridge.cli.probe.likely_addresses import ServerAddress
from bridge.dlms import acse
from bridge.dlms.framing import HdlcFramer, WrapperFramer, fcs16
from bridge.dlms.hdlc_frames import address as hdlc_bytes
from bridge.dlms.stray_bytes import printable

PortKind = Literal[
    "hdlc", "wrapper", "hdlc-mode-e",  # meters
    "telnet", "push", "talks", "telegram", "flow-control", "short", "damaged", "parity",  # a bad line
    "http", "tls", "ssh", "banner", "echo", "other", "closes", "silent",  # something else, or nothing
    "refused", "unanswered", "unreachable", "unknown-name",  # no TCP connection
]  # fmt: skip

Naming = Literal["ln", "sn"]

_SNRM, _DISC = 0x93, 0x53
_ANSWERS = {0x73: "UA", 0x1F: "DM", 0x97: "FRMR"}
_MODE_E_REQUEST = b"/?!\r\n"
_LONGEST_SAID = 60
_BANNERS = re.compile(rb"220[ -]|\+OK|\* OK|.{0,200}(?:login|username|password|welcome)", re.IGNORECASE | re.DOTALL)
"""What servers for people greet with. Other text is what many converters and modems register with."""


@dataclass(frozen=True, slots=True)
class PortFinding:
    """What was found on a port.

    Args:
        kind: what it is.
        said: what it sent, in words or as text; empty when there is nothing to quote.
        address: the server address that answered; None when none did.
        client: the client address that was answered.
        answer_s: how long that answer took.
        answers_from: the address that the answer came from, where it has another form than the one that was asked.
        greeting: text that came before the first answer: a converter or modem that registers.
    """

    kind: PortKind
    said: str = ""
    address: ServerAddress | None = None
    client: int = 0
    answer_s: float = 0.0
    answers_from: ServerAddress | None = None
    greeting: str = ""

    @property
    def is_meter(self) -> bool:
        """Whether it speaks one of the framings that a DLMS meter speaks."""
        return self.kind in ("hdlc", "wrapper", "hdlc-mode-e")


def request(framing: str, address: ServerAddress, client: int, naming: Naming = "ln") -> bytes:
    """Return SNRM, an AARQ without any secret, or the request of IEC 62056-21, by framing."""
    if framing == "hdlc":
        return _hdlc(address, client, _SNRM)
    return _wrapped(address, client, acse.aarq(naming)) if framing == "wrapper" else _MODE_E_REQUEST


def farewell(framing: str, address: ServerAddress, client: int) -> bytes:
    """Return what closes that which :func:`request` may have opened; empty where nothing was."""
    if framing == "hdlc":
        return _hdlc(address, client, _DISC)
    return _wrapped(address, client, acse.RELEASE) if framing == "wrapper" else b""


def _wrapped(address: ServerAddress, client: int, apdu: bytes) -> bytes:
    return b"\x00\x01" + client.to_bytes(2) + address.server.to_bytes(2) + len(apdu).to_bytes(2) + apdu


def _hdlc(address: ServerAddress, client: int, control: int) -> bytes:
    ends = hdlc_bytes(address.server, address.octets) + hdlc_bytes(client, 1)
    body = bytes((0xA0, 5 + len(ends))) + ends + bytes((control,))
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


def judge_answer(
    heard: bytes, framing: str, address: ServerAddress, client: int, answer_s: float
) -> PortFinding | None:
    """Return what ``heard`` proves to speak the framing that it was asked in; None when it proves nothing."""
    if framing == "hdlc":
        here, there = hdlc_bytes(client, 1), hdlc_bytes(address.server, address.octets)
        for frame in HdlcFramer().feed(heard):
            source = source_of(frame)
            if frame[3:4] != here or not (word := _ANSWERS.get(frame[4 + len(source)])):
                continue
            if source == there:
                return PortFinding("hdlc", word, address, client, answer_s)
            if is_same_station(source, there):
                return PortFinding("hdlc", word, address, client, answer_s, _address(source))
    elif framing == "wrapper":
        for frame in WrapperFramer().feed(heard):
            if (int.from_bytes(frame[2:4]), int.from_bytes(frame[4:6])) == (address.server, client):
                return PortFinding("wrapper", "", address, client, answer_s)
    elif match := re.search(rb"/([A-Za-z]{3}[^\r\n]{1,30})\r\n", heard):
        return PortFinding("hdlc-mode-e", quotation(match[1]), None, 0, answer_s)
    return None


def judge_text(heard: bytes) -> PortFinding | None:
    """Return what a text or a well-known binary answer says about its sender; None when it says nothing."""
    if heard.startswith(b"HTTP/") or b"<html" in heard[:400].lower():
        return PortFinding("http", quotation(heard.partition(b"\r\n")[0]))
    if heard[:2] == b"\x15\x03":  # a TLS alert: it takes what it got for a broken handshake
        return PortFinding("tls")
    if heard.startswith(b"SSH-"):
        return PortFinding("ssh", quotation(heard.partition(b"\n")[0]))
    if _BANNERS.match(heard) and printable(heard):
        return PortFinding("banner", quotation(heard.strip(b"\r\n\x00").splitlines()[0]))
    return None


def source_of(frame: bytes) -> bytes:
    """Return the source address of a whole frame to a client, whose own address has one octet."""
    end = 4
    while end < len(frame) and not frame[end] & 1:
        end += 1
    return frame[4 : end + 1]


def is_same_station(one: bytes, other: bytes) -> bool:
    """Return whether two addresses, as on the wire, can be those of one station, be it in different lengths.

    Of the longer one the upper half is the logical device and the lower the physical one; in one octet stands either,
    in two octets the same halves as in four (IEC 62056-46, 6.4.2).
    """
    if len(one) == len(other):
        return one == other
    short, long = sorted((_halves(one), _halves(other)), key=len)
    return short[0] in long if len(short) == 1 else short == long


def _halves(octets: bytes) -> tuple[int, ...]:
    """Return upper and lower part of an address, or the one part that there is."""
    value, half = 0, 7 * (len(octets) // 2)
    for octet in octets:
        value = value << 7 | octet >> 1
    return (value >> half, value & (1 << half) - 1) if half else (value,)


def _address(source: bytes) -> ServerAddress:
    return ServerAddress(int("".join(f"{octet >> 1:07b}" for octet in source), 2), len(source))


def quotation(data: bytes) -> str:
    """Return ``data`` for a person: as text where it is one, else its beginning in hex."""
    text = data.strip(b"\r\n\x00 ")
    if text and all(32 <= byte < 127 for byte in text):
        return text.decode("ascii")[:_LONGEST_SAID]
    return data[: _LONGEST_SAID // 3].hex(" ").upper()
