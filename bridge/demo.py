"""The built-in demo meter: a single-phase electricity meter on a TCP port, its protocol by gurux's server side.

For a first look without a meter, for trying a change, and for the tests. It answers one client a connection, as
meters do. It must never be what a plant reads by accident: the bridge says plainly when it reads the demo meter.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gurux_dlms import GXDLMSServer, GXServerReply
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import AccessMode, Authentication, DataType, InterfaceType, SourceDiagnostic, Unit
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSClock, GXDLMSData, GXDLMSRegister
from loguru import logger

from bridge.meters.framing import framer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.settings import Framing

DEMO_PASSWORD = "12345678"  # noqa: S105 - opens nothing but this demo, which listens on loopback
DEMO_SERIAL = "DEMO00000001"


class Load(Protocol):
    """What the meter measures."""

    def __call__(self, now_s: float) -> dict[str, int]:
        """Return the raw register values, by OBIS, at the time ``now_s`` (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class RegisterSpec:
    """One register of the demo meter: logical name, power of ten of its raw value, COSEM unit, COSEM data type."""

    obis: str
    scaler: int
    unit: Unit
    type: DataType


REGISTERS = (
    RegisterSpec("1.1.32.7.0.255", -2, Unit.VOLTAGE, DataType.UINT16),
    RegisterSpec("1.1.31.7.0.255", -3, Unit.CURRENT, DataType.UINT32),
    RegisterSpec("1.1.14.7.0.255", -2, Unit.FREQUENCY, DataType.UINT16),
    RegisterSpec("1.1.1.7.0.255", 0, Unit.ACTIVE_POWER, DataType.INT32),
    RegisterSpec("1.1.1.8.0.255", 0, Unit.ACTIVE_ENERGY, DataType.UINT32),
)
"""The registers of the single-phase meter that this project began with, scalers included."""


def household(now_s: float) -> dict[str, int]:
    """Return raw values of a plausible house at ``now_s``: a function of time alone, so a restart jumps nothing.

    Power follows the day with a faster ripple, the voltage sags with it, energy is the integral of the mean power.
    """
    day = 2 * math.pi * (now_s % 86400) / 86400
    power_w = 900 - 500 * math.cos(day) + 250 * math.sin(now_s / 37) + 120 * math.sin(now_s / 5.3)
    voltage_v = 128.4 - power_w / 1500 + 0.4 * math.sin(now_s / 11)
    frequency_hz = 60 + 0.03 * math.sin(now_s / 7)
    # The closed integral of the power above, from a fixed origin: monotonic, as a register of energy must be.
    since_s = now_s - 1_700_000_000
    ripple = -250 * 37 * math.cos(now_s / 37) - 120 * 5.3 * math.cos(now_s / 5.3)
    day_part = -500 * 86400 / (2 * math.pi) * math.sin(day)
    energy_wh = (900 * since_s + day_part + ripple) / 3600
    return {
        "1.1.32.7.0.255": round(voltage_v * 100),
        "1.1.31.7.0.255": round(power_w / voltage_v * 1000),
        "1.1.14.7.0.255": round(frequency_hz * 100),
        "1.1.1.7.0.255": round(power_w),
        "1.1.1.8.0.255": max(0, round(energy_wh)),
    }


class _Register(GXDLMSRegister):  # type: ignore[misc]
    """A register whose scaler is a whole power of ten (gurux keeps a float and its logarithm rounds 1000 to 2)."""

    def __init__(self, spec: RegisterSpec) -> None:
        super().__init__(spec.obis)
        self.unit = spec.unit
        self.power_of_ten = spec.scaler
        self.setDataType(2, spec.type)

    def getValue(self, settings: Any, e: Any) -> Any:
        if e.index == 3:  # attribute 3 of class 3 is scaler_unit (IEC 62056-6-2, 4.3.2)
            scaler = self.power_of_ten & 0xFF
            return bytes((DataType.STRUCTURE, 2, DataType.INT8, scaler, DataType.ENUM, int(self.unit)))
        return super().getValue(settings, e)


class _Reply(GXServerReply):  # type: ignore[misc]
    """What gurux's Python server expects of its reply object and the class does not have."""

    def setReply(self, value: Any) -> None:
        self.reply = value

    def getConnectionInfo(self) -> None:
        return None


class MeterServer(GXDLMSServer):  # type: ignore[misc]
    """One association with one client; bytes in, bytes out.

    Args:
        framing: ``hdlc`` or ``wrapper``.
        server: HDLC address or wrapper port of this meter.
        client: the only client address it answers.
        password: low-level security secret; empty for none.
        load: what it measures.
        clock: Unix seconds.
    """

    def __init__(
        self,
        *,
        framing: Framing = "hdlc",
        server: int = 1,
        client: int = 1,
        password: str = DEMO_PASSWORD,
        load: Load = household,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(True, InterfaceType.HDLC if framing == "hdlc" else InterfaceType.WRAPPER)
        self._addresses = (server, client)
        self._password = password.encode()
        self._load = load
        self._clock = clock
        self.registers = {spec.obis: _Register(spec) for spec in REGISTERS}
        name = GXDLMSData("0.0.42.0.0.255")
        name.value = DEMO_SERIAL
        self.items.append(name)
        self.items.append(GXDLMSClock("0.0.1.0.0.255"))
        for register in self.registers.values():
            self.items.append(register)
        association = GXDLMSAssociationLogicalName()
        self.items.append(association)
        association.objectList = self.items  # gurux 1.0.203 cannot fill an empty list by itself
        self.initialize()

    def answer(self, frame: bytes) -> bytes:
        """Return what the meter answers to ``frame``; empty when it stays silent."""
        for obis, raw in self._load(self._clock()).items():
            if obis in self.registers:
                self.registers[obis].value = raw
        reply = _Reply(frame)
        self.handleRequest(reply)
        return bytes(reply.reply or b"")

    # Three services that gurux 1.0.203 leaves unfinished on the server's side.
    def handleSnrmRequest(self, data: Any) -> None:  # noqa: ARG002 - the client's sizes do not change this meter's
        """Answer UA with this meter's sizes: 128 bytes of information, window 1 (IEC 62056-46, 6.4.4.4.3.2)."""
        self.reset(True)
        self.replyData.set(bytes.fromhex("818014050180060180070400000001080400000001"))
        self.settings.connected = ConnectionState.HDLC

    def generateDisconnectRequest(self) -> None:
        """Answer DISC with a bare UA."""
        self.replyData.clear()

    def handleReleaseRequest(self, data: Any) -> None:  # noqa: ARG002 - there is one way to release
        """Answer RLRQ with RLRE, reason normal (IEC 62056-5-3, 7.2.5)."""
        if self.settings.interfaceType == InterfaceType.HDLC:
            self.replyData.set(bytes.fromhex("E6E700"))
        self.replyData.set(bytes.fromhex("6303800100"))

    # What gurux asks of a server; its names.
    def isTarget(self, serverAddress: int, clientAddress: int) -> bool:  # noqa: N803
        return (serverAddress, clientAddress) == self._addresses

    def onValidateAuthentication(self, authentication: Any, password: Any) -> Any:
        if not self._password and authentication == Authentication.NONE:
            return SourceDiagnostic.NONE
        if authentication != Authentication.LOW:
            return SourceDiagnostic.AUTHENTICATION_REQUIRED
        if bytes(password or b"") != self._password:
            return SourceDiagnostic.AUTHENTICATION_FAILURE
        return SourceDiagnostic.NONE

    def onFindObject(self, *_: Any) -> None:
        return None

    def onGetAttributeAccess(self, _: Any) -> Any:
        return AccessMode.READ

    def _nothing(self, *_: Any) -> None:
        """Gurux calls back before and after each service; this meter has nothing to add."""

    onPreRead = onPostRead = onPreGet = onPostGet = onPreWrite = onPostWrite = _nothing
    onPreAction = onPostAction = onConnected = onDisconnected = onInvalidConnection = notifyRead = _nothing
    onGetMethodAccess = _nothing


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    framing: Framing = "hdlc",
    meter: Callable[[], MeterServer] = MeterServer,
) -> asyncio.Server:
    """Start a demo meter and return its server; close that to stop it.

    Args:
        host: address to listen on; loopback unless asked otherwise.
        port: TCP port; 0 takes any free one.
        framing: how frames stand in the stream; the same as the meter's.
        meter: makes the meter's side of a new connection.

    Raises:
        OSError: the port is taken or not allowed.
    """

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        side, frames = meter(), framer(framing)
        try:
            while data := await reader.read(4096):
                for frame in frames.feed(data):
                    writer.write(side.answer(frame))
                await writer.drain()
        except ConnectionError:
            logger.debug("demo meter | the client went away")
        finally:
            writer.close()

    return await asyncio.start_server(converse, host, port)
