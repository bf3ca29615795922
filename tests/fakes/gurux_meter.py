"""A meter whose protocol is gurux's server side alone: framing, association, services, ciphering.

Slower and with fewer services than ``bridge/demo`` (gurux 1.0.203 leaves much of its server unfinished), but not a byte
of what it says about DLMS is ours, apart from the three answers that gurux cannot make at all. What the bridge does
with it, it does with somebody else's reading of the standard.
"""

from __future__ import annotations

import time

from gurux_dlms import GXDLMSServer, GXServerReply
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import (
    AccessMode,
    Authentication,
    DataType,
    InterfaceType,
    SourceDiagnostic,
)
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSClock, GXDLMSData, GXDLMSRegister

from bridge.demo.load import REGISTERS, household
from bridge.dlms.openssl_in_gurux import quiet_and_fast


class _Register(GXDLMSRegister):
    """A register whose scaler is a whole power of ten (gurux keeps a float and its logarithm rounds 1000 to 2)."""

    def __init__(self, spec):
        super().__init__(spec.obis)
        self.unit = spec.unit
        self.power_of_ten = spec.scaler
        self.setDataType(2, spec.type)

    def getValue(self, settings, e):
        if e.index == 3:  # attribute 3 of class 3 is scaler_unit (IEC 62056-6-2, 4.3.2)
            scaler = self.power_of_ten & 0xFF
            return bytes((DataType.STRUCTURE, 2, DataType.INT8, scaler, DataType.ENUM, int(self.unit)))
        return super().getValue(settings, e)


class _Reply(GXServerReply):
    """What gurux's Python server expects of its reply object and the class does not have."""

    def setReply(self, value):
        self.reply = value

    def getConnectionInfo(self):
        return None


class GuruxMeter(GXDLMSServer):
    """One association with one client; bytes in, bytes out.

    Args:
        framing: ``hdlc`` or ``wrapper``.
        server: HDLC address or wrapper port.
        client: the only client address it answers.
        password: low-level password; empty for no authentication. More it cannot do: it answers the proof of
            high-level security with a hardware fault, and cannot write an AARE with its system title.
        load: what it measures.
    """

    def __init__(
        self,
        *,
        framing="hdlc",
        server=1,
        client=1,
        password=b"12345678",
        load=household,
    ):
        super().__init__(True, InterfaceType.HDLC if framing == "hdlc" else InterfaceType.WRAPPER)
        quiet_and_fast()
        self._addresses = (server, client)
        self._mechanism = Authentication.LOW if password else Authentication.NONE
        self._password = password
        self._load = load
        self.registers = {spec.obis: _Register(spec) for spec in REGISTERS}
        name = GXDLMSData("0.0.42.0.0.255")
        name.value = "GRX0000000000001"
        for item in (name, GXDLMSClock("0.0.1.0.0.255"), *self.registers.values()):
            self.items.append(item)
        association = GXDLMSAssociationLogicalName()
        self.items.append(association)
        association.objectList = self.items  # gurux 1.0.203 cannot fill an empty list by itself
        self.initialize()

    def answer(self, frame):
        """Return what the meter answers to ``frame``; empty when it stays silent."""
        for obis, raw in self._load(time.time()).items():
            if obis in self.registers:
                self.registers[obis].value = raw
        reply = _Reply(frame)
        self.handleRequest(reply)
        return bytes(reply.reply or b"")

    # Three services that gurux 1.0.203 leaves unfinished on the server's side.
    def handleSnrmRequest(self, data):
        """Answer UA with this meter's sizes: 128 bytes of information, window 1 (IEC 62056-46, 6.4.4.4.3.2)."""
        self.reset(True)
        self.replyData.set(bytes.fromhex("818014050180060180070400000001080400000001"))
        self.settings.connected = ConnectionState.HDLC

    def generateDisconnectRequest(self):
        """Answer DISC with a bare UA."""
        self.replyData.clear()

    def handleReleaseRequest(self, data):
        """Answer RLRQ with RLRE, reason normal (IEC 62056-5-3, 7.2.5)."""
        if self.settings.interfaceType == InterfaceType.HDLC:
            self.replyData.set(bytes.fromhex("E6E700"))
        self.replyData.set(bytes.fromhex("6303800100"))

    # What gurux asks of a server; its names.
    def isTarget(self, serverAddress, clientAddress):  # noqa: N803
        return (serverAddress, clientAddress) == self._addresses

    def onValidateAuthentication(self, authentication, password):
        if authentication != self._mechanism:
            return SourceDiagnostic.AUTHENTICATION_REQUIRED
        if authentication == Authentication.LOW and bytes(password or b"") != self._password:
            return SourceDiagnostic.AUTHENTICATION_FAILURE
        return SourceDiagnostic.NONE

    def onFindObject(self, *_):
        return None

    def onGetAttributeAccess(self, _):
        return AccessMode.READ

    def _nothing(self, *_):
        """Gurux calls back before and after each service; this meter has nothing to add."""

    onPreRead = onPostRead = onPreGet = onPostGet = onPreWrite = onPostWrite = _nothing
    onPreAction = onPostAction = onConnected = onDisconnected = onInvalidConnection = notifyRead = _nothing
    onGetMethodAccess = _nothing
