"""gurux's client against the demo meter, sans-I/O: what an independent implementation makes of its answers."""

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSData, GXDLMSRegister
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

from bridge.demo import DEMO_PASSWORD
from bridge.dlms.framing import framer

AUTHENTICATIONS = {
    "none": Authentication.NONE,
    "low": Authentication.LOW,
    "high": Authentication.HIGH,
    "md5": Authentication.HIGH_MD5,
    "sha1": Authentication.HIGH_SHA1,
    "sha256": Authentication.HIGH_SHA256,
    "gmac": Authentication.HIGH_GMAC,
}


class Reader:
    """A client of ``side``, a MeterServer."""

    def __init__(
        self,
        side,
        *,
        client=1,
        authentication="low",
        password=DEMO_PASSWORD,
        referencing="ln",
        security=Security.NONE,
        suite=0,
        key=b"",
        authentication_key=b"",
        counter=1,
        dedicated_key=None,
        server_address_bytes=0,
        max_info=128,
        window=1,
    ):
        self.side = side
        kind = InterfaceType.WRAPPER if side.framing == "wrapper" else InterfaceType.HDLC
        gurux = GXDLMSSecureClient(
            referencing == "ln", client, side.server, AUTHENTICATIONS[authentication], password, kind
        )
        gurux.serverAddressSize = server_address_bytes
        gurux.settings.serverAddressSize = server_address_bytes
        gurux.ciphering.security = security
        gurux.ciphering.systemTitle = bytearray(b"CLI\x00\x00\x00\x00\x01")
        gurux.ciphering.invocationCounter = counter
        gurux.ciphering.securitySuite = SecuritySuite(suite)
        if key:
            gurux.ciphering.blockCipherKey = bytearray(key)
            gurux.ciphering.authenticationKey = bytearray(authentication_key)
        if dedicated_key:
            gurux.ciphering.dedicatedKey = bytearray(dedicated_key)
        gurux.hdlcSettings.maxInfoTX = gurux.hdlcSettings.maxInfoRX = max_info
        gurux.hdlcSettings.windowSizeTX = gurux.hdlcSettings.windowSizeRX = window
        self.gurux = gurux
        self.sent = []

    def ask(self, requests):
        """Send each request, fetch every block and segment, and return gurux's reply to the last one."""
        reply = GXReplyData()
        for request in [requests] if isinstance(requests, (bytes, bytearray)) else requests:
            reply.clear()
            self._fetch(bytes(request), reply)
            while reply.isMoreData():
                self._fetch(bytes(self.gurux.receiverReady(reply)), reply)
        return reply

    def _fetch(self, request, reply):
        self.sent.append(request)
        frames = framer("wrapper" if self.side.framing == "wrapper" else "hdlc")
        answers = [each for frame in frames.feed(request) for each in self.side.frames(frame)]
        if not answers:
            raise TimeoutError
        for answer in answers:
            self.gurux.getData(GXByteBuffer(answer), reply, None)
        if reply.error:
            raise PermissionError(reply.error)

    def associate(self):
        if self.side.framing != "wrapper":
            self.gurux.parseUAResponse(self.ask(self.gurux.snrmRequest()).data)
        self.gurux.parseAareResponse(self.ask(self.gurux.aarqRequest()).data)
        if self.gurux.isAuthenticationRequired:
            reply = self.ask(self.gurux.getApplicationAssociationRequest())
            self.gurux.parseApplicationAssociationResponse(reply.data)
        return self

    def get(self, item, index=2):
        """Return an attribute's value as gurux decodes it, with its scaler where it applies one."""
        reply = self.ask(self.gurux.read(item, index))
        return reply.value

    def register(self, obis):
        """Return a register's raw value."""
        return self.get(GXDLMSRegister(obis))

    def data(self, obis):
        """Return the value of a Data object."""
        return self.get(GXDLMSData(obis))
