"""gurux-dlms as its users run it: the pattern of its own sample reader, over a blocking socket.

``client.read`` makes the request, ``getData`` takes the answer in, ``updateValue`` hands the value to the object. The
library is exactly as installed: this module imports nothing of the bridge, and as a process of its own
(``python -m tests.bench.reader_gurux``) nothing of it is patched. What it prints goes where its caller sends it, but
the printing is paid for, as its users pay for it.

As a process it is commanded on standard input, see ``rounds.py``.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

from tests.bench.addresses import address
from tests.bench.answers import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, REGISTERS
from tests.bench.rounds import obey

if TYPE_CHECKING:
    from typing import Any, Self

    from tests.bench.rounds import Row

PATIENCE_S = 5


class Reader:
    """A meter's reader.

    Args:
        framing: ``hdlc`` or ``wrapper``.
        host: the meter's address.
        port: its port.
        ciphered: suite 0, authenticated and encrypted.
    """

    def __init__(self, framing: str, host: str, port: int, *, ciphered: bool = False) -> None:
        kind = InterfaceType.HDLC if framing == "hdlc" else InterfaceType.WRAPPER
        self.client = GXDLMSSecureClient(True, 1, 1, Authentication.LOW, PASSWORD, kind)
        if ciphered:
            self.client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            self.client.ciphering.systemTitle = b"BENCH\x00\x00\x01"
            self.client.ciphering.blockCipherKey = ENCRYPTION_KEY
            self.client.ciphering.authenticationKey = AUTHENTICATION_KEY
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel's own limit: it costs no call more a read, as settimeout() would.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE_S, 0))
        self._registers = [GXDLMSRegister(".".join(map(str, one.logical_name))) for one in REGISTERS]
        self._reply = GXReplyData()

    def associate(self) -> None:
        """Connect and associate."""
        client = self.client
        if client.interfaceType == InterfaceType.HDLC:
            client.parseUAResponse(self._exchange(client.snrmRequest()).data)
        client.parseAareResponse(self._exchange(client.aarqRequest()).data)

    def scalers(self) -> list[tuple[int, int]]:
        """Read scaler and unit of each register, once; values come with them applied from then on."""
        raw = []
        for register in self._registers:
            value = self._exchange(self.client.read(register, 3)).value
            raw.append((value[0], value[1]))
            self.client.updateValue(register, 3, value)
        return raw

    def read(self) -> list[float]:
        """Read the registers, a request each."""
        client = self.client
        return [client.updateValue(one, 2, self._exchange(client.read(one, 2)).value) for one in self._registers]

    def read_list(self) -> list[float]:
        """Read the registers in one request."""
        wanted = [(register, 2) for register in self._registers]
        values: list[Any] = []
        for frames in self.client.readList(wanted):
            values.extend(self._exchange(frames).value)
        self.client.updateValues(wanted, values)
        return [register.value for register in self._registers]

    def _exchange(self, frames: Any) -> Any:
        """Send the frames of a request and take in the whole answer, further blocks included."""
        reply = self._reply
        reply.clear()
        for frame in frames if isinstance(frames, list) else [frames]:
            self._ask(frame, reply)
            while reply.isMoreData():
                self._ask(self.client.receiverReady(reply), reply)
        if reply.error:
            raise ValueError(f"the meter refuses: {reply.error}")
        return reply

    def _ask(self, frame: Any, reply: Any) -> None:
        self._socket.sendall(frame)
        received = GXByteBuffer()
        while not self.client.getData(received, reply, None):
            data = self._socket.recv(2048)
            if not data:
                raise ConnectionError("the meter closed the connection")
            received.set(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            released = self.client.releaseRequest()
            if released:
                self._exchange(released)
            if self.client.interfaceType == InterfaceType.HDLC:
                self._exchange(self.client.disconnectRequest())
        finally:
            self._socket.close()


class Gurux:
    """The commands of ``rounds.py`` carried out by gurux-dlms."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._cycle = list

    def associate(self, row: Row, port: int, meters: int) -> None:
        """See ``rounds.Reads``; over a blocking socket there is one meter at a time."""
        if meters != 1:
            raise ValueError("reads one meter at a time")
        self._reader = Reader(row.framing, address(0), port, ciphered=row.ciphered)
        self._reader.associate()
        self._reader.scalers()
        self._cycle = self._reader.read_list if row.lists else self._reader.read

    def cycles(self, count: int) -> list[float]:
        """See ``rounds.Reads``."""
        values = []
        for _ in range(count):
            values = self._cycle()
        return values

    def release(self) -> None:
        """See ``rounds.Reads``."""
        with self._reader:
            self._reader = None


if __name__ == "__main__":
    obey(Gurux())
