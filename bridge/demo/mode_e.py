"""The opening of IEC 62056-21 mode E as a meter answers it: identification, acknowledgement, then HDLC.

``/?!`` or ``/?address!`` → ``/FLG5identification``; ``ACK 2 Z 2`` → the same back. Bytes in, bytes out.
"""

from __future__ import annotations

import re

_REQUEST = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n")
_ACKNOWLEDGE = re.compile(rb"\x06([0-9])([0-9A-Z])([0-9])\r\n")
_LONGEST = 64


class ModeE:
    """The opening on one connection; :attr:`is_open` once HDLC begins.

    Args:
        flag: the manufacturer's three letters.
        identification: what follows them.
        device_address: answers this address only, and the request without one.
        baud: the figure of the highest rate that it offers (5 is 9600 baud).
        programs: answers the acknowledgement by going into its programming mode (mode C).
    """

    def __init__(
        self, flag: str, identification: str, device_address: str, baud: str = "5", *, programs: bool = False
    ) -> None:
        self._programs = programs
        self._line = f"/{flag}{baud}\\2{identification}\r\n".encode()
        self._address = device_address.encode()
        self._buffer = b""
        self.is_open = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what to answer, and what of ``data`` belongs to HDLC already."""
        if data.startswith(b"/?"):  # a client that begins anew; no HDLC frame begins so
            self.is_open = False
        self._buffer += data
        answer = b""
        while not self.is_open:
            request, acknowledge = _REQUEST.search(self._buffer), _ACKNOWLEDGE.search(self._buffer)
            if request is not None:
                self._buffer = self._buffer[request.end() :]
                if request[1].strip().lstrip(b"0") in (b"", self._address.lstrip(b"0")):
                    answer += self._line
            elif acknowledge is not None:
                self._buffer = self._buffer[acknowledge.end() :]
                if self._programs:
                    answer += b"\x01P0\x02(00000000)\x03\x60"
                elif acknowledge[1] + acknowledge[3] == b"22":  # protocol and mode 2: HDLC, binary
                    self.is_open = True
                    answer += acknowledge[0]
            else:
                self._buffer = self._buffer[-_LONGEST:]
                return answer, b""
        rest, self._buffer = self._buffer, b""
        return answer, rest
