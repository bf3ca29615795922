"""What came instead of an answer, explained to a technician: an echo, text, Telnet, damaged frames, frames of others.

Looks at bytes alone, after a timeout; knows no socket and decides nothing. ``stray_bytes.py`` tells what bytes are
where nothing was asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.framing import check_sequence_holds
from bridge.dlms.stray_bytes import hexadecimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.dlms.framing import Framing

MOST_BYTES = 512
"""So many of the bytes that made no frame are looked at."""
_TELNET = re.compile(rb"\xff[\xfb-\xfe].", re.DOTALL)
_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x02, 0x03, 0x09, 0x0A, 0x0D}
_LEAST_TEXT = 4
_UI = 0x03


class Overheard(NamedTuple):
    """What came since the request went out.

    Args:
        framing: how frames should stand.
        request: what was asked.
        raw: bytes that made no frame, the first of them.
        size: how many there were.
        frames: whole frames that did not answer.
    """

    framing: Framing
    request: bytes
    raw: bytes
    size: int
    frames: Sequence[bytes]


class Explanation(NamedTuple):
    """What it was, in words; what to do about it; whether it made no frames."""

    said: str
    hint: str
    unframed: bool = True


def explain(heard: Overheard) -> Explanation | None:
    """Return what came instead of an answer; None when nothing did."""
    others = [frame for frame in heard.frames if not _is_echo(heard, frame)]
    if others:
        return _frames(heard, others)
    rest = heard.raw.replace(heard.request, b"") if heard.request else heard.raw
    if not rest.strip(b"\x7e\x00"):
        return _echo() if heard.frames or heard.request in (heard.raw or b"-") else None
    if _TELNET.search(rest):
        return Explanation(
            f"the converter speaks Telnet ({hexadecimal(rest)})",
            "switch the converter's port from Telnet (RFC 2217 too) to raw TCP, without a login",
        )
    if text := quoted_text(rest):
        return Explanation(f"{_bytes(heard.size)} of text came: {text}", _hint_for_text(text))
    return (_bent_hdlc if heard.framing != "wrapper" else _bent_wrapper)(rest, heard.size)


def quoted_text(data: bytes) -> str:
    """Return what ``data`` says if it is text, shortened; an empty string if it is none."""
    for octets in (data, bytes(octet & 0x7F for octet in data)):  # seven bits with parity, too
        if len(octets) >= _LEAST_TEXT and sum(octet in _PRINTABLE for octet in octets) >= 0.9 * len(octets):
            said = " ".join(octets.decode("ascii", "replace").split())
            return f'"{said[:60]}{"…" if len(said) > 60 else ""}"'
    return ""


def _is_echo(heard: Overheard, frame: bytes) -> bool:
    """Return whether ``frame`` goes the way of our own."""
    if heard.framing == "wrapper":
        return frame[2:6] == heard.request[2:6]
    ends, asked = ends_of(frame), ends_of(heard.request)
    return frame == heard.request or (ends is not None and asked is not None and ends[:2] == asked[:2])


def _echo() -> Explanation:
    return Explanation(
        "the request itself came back and nothing else",
        "the converter or the RS-485 line echoes: switch echo off; then check power, wires and addresses of the meter",
    )


def _hint_for_text(text: str) -> str:
    if text.startswith('"/') or "*kW" in text:
        return "a meter that sends telegrams as text (IEC 62056-21, P1) is not read by DLMS at this port"
    return "the converter sends text of its own (registration, login): switch it off; or another service listens here"


def _frames(heard: Overheard, frames: Sequence[bytes]) -> Explanation:
    if heard.framing == "wrapper":
        came = frames[-1]
        source, destination = int.from_bytes(came[2:4]), int.from_bytes(came[4:6])
        if came[2:4] + came[4:6] != heard.request[4:6] + heard.request[2:4]:
            return Explanation(
                f"frames come from wrapper port {source} to {destination}, none for us",
                "check SERVER and CLIENT",
                unframed=False,
            )
        return Explanation(
            "frames come that answer nothing that was asked", "does the meter push by itself?", unframed=False
        )
    asked, ends = ends_of(heard.request), [ends_of(frame) for frame in frames]
    if any(end is not None and end[2] & ~0x10 == _UI for end in ends):
        return Explanation(
            "whole frames come that nobody asked for: the port pushes by itself",
            "a customer port (HAN, P1) only pushes: use the meter's DLMS port, or have the converter call LISTEN__PORT",
            unframed=False,
        )
    foreign = next((end for end in ends if end is not None and asked is not None and end[:2] != asked[1::-1]), None)
    if foreign is not None and asked is not None:
        return Explanation(
            f"frames come from address {hexadecimal(foreign[1])} to {hexadecimal(foreign[0])}, "
            f"not from {hexadecimal(asked[0])} to {hexadecimal(asked[1])}",
            "check SERVER, SERVER_ADDRESS_BYTES and CLIENT; does another program talk to this meter?",
            unframed=False,
        )
    return Explanation(f"{len(frames)} frames came, none of which answers", "", unframed=False)


def ends_of(frame: bytes) -> tuple[bytes, bytes, int] | None:
    """Return destination, source and control field of a whole HDLC frame; None for another one."""
    ends, at = [], 3
    for _ in range(2):
        start = at
        while at < len(frame) - 3 and not frame[at] & 1:
            at += 1
        at += 1
        ends.append(frame[start:at])
    return (ends[0], ends[1], frame[at]) if at < len(frame) else None


def _bent_hdlc(raw: bytes, count: int) -> Explanation:
    start = raw.find(b"\x7e\xa0")
    hint = "check baud rate, parity and stop bits of the converter, and the RS-485 wires"
    if start < 0 or start + 3 > len(raw):
        return Explanation(
            f"{_bytes(count)} came that make no frame: {hexadecimal(raw)}", f"FRAMING may be wrong; {hint}"
        )
    length = (raw[start + 1] & 7) << 8 | raw[start + 2]
    end = raw.find(b"\x7e", start + 3)
    there = (len(raw) if end < 0 or end - start > length + 1 else end + 1) - start
    missing = length + 2 - there
    if missing > 0:
        what = f"their check sequence is wrong: {missing} of {_bytes(length + 2)} missing"
        hint = "switch the converter's software flow control (XON/XOFF) off, which eats 11 and 13; " + hint
    elif check_sequence_holds(raw[start + 1 : start + 1 + length]):
        what = "behind each stands what is none"
    else:
        what = "their check sequence is wrong"
    return Explanation(f"frames come, {what} ({hexadecimal(raw[start:])})", hint)


def _bent_wrapper(raw: bytes, count: int) -> Explanation:
    start = raw.find(b"\x00\x01")
    if start >= 0 and len(raw) >= start + 8:
        announced = int.from_bytes(raw[start + 6 : start + 8])
        there = len(raw) - start - 8
        if there < announced:
            return Explanation(
                f"a frame announces {_bytes(announced)} and {there} came ({hexadecimal(raw[start:])})",
                "a converter in between loses bytes; a slow one wants a longer TIMEOUT",
            )
    if b"\x7e\xa0" in raw:
        return Explanation(f"HDLC frames come ({hexadecimal(raw)})", "set FRAMING=hdlc")
    return Explanation(
        f"{_bytes(count)} came that make no frame: {hexadecimal(raw)}",
        "FRAMING may be wrong, or another service listens",
    )


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"
