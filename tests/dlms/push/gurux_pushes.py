"""The meter's side as gurux-dlms has it, all of it: body, notification, ciphering, blocks, frames."""

from datetime import UTC, datetime

from gurux_dlms import GXByteBuffer, GXDateTime
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import Conformance, InterfaceType, Security
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSData, GXDLMSPushSetup, GXDLMSRegister
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureNotify

from bridge.dlms.security_keys import SecurityKeys

INTERFACES = {"wrapper": InterfaceType.WRAPPER, "hdlc": InterfaceType.HDLC, "bare": InterfaceType.PDU}
TITLE = b"GRX\x00\x00\x00\x00\x07"
AT = datetime(2026, 11, 26, 23, 5, 7, tzinfo=UTC)


def keys(security=0x30, suite=0):
    size = 32 if suite == 2 else 16
    return SecurityKeys(security, suite, bytes(range(size)), bytes(range(0xD0, 0xD0 + size)))


def notifier(framing="wrapper", security=0, suite=0, *, counter=1, client=1, server=1, pdu_bytes=0):
    """Return gurux's notifier; ``pdu_bytes``: messages of more come in blocks."""
    made = GXDLMSSecureNotify(True, client, server, INTERFACES[framing])
    cipher, known = made.settings.cipher, keys(security, suite)
    cipher.systemTitle = bytearray(TITLE)
    cipher.security = Security(security)
    cipher.securitySuite = SecuritySuite(suite)
    cipher.blockCipherKey = bytearray(known.encryption_key)
    cipher.authenticationKey = bytearray(known.authentication_key)
    cipher.invocationCounter = counter
    if pdu_bytes:
        made.settings.maxPduSize = pdu_bytes
        made.conformance |= Conformance.GENERAL_BLOCK_TRANSFER
    return made


def push_setup():
    """Return a push setup with a name, a clock and a register, values and scaler included."""
    name = GXDLMSData("0.0.42.0.0.255")
    name.value = "GRX0000000000007"
    clock = GXDLMSClock("0.0.1.0.0.255")
    clock.time = GXDateTime(AT)
    energy = GXDLMSRegister("1.0.1.8.0.255")
    energy.value, energy.scaler = 123456, 10
    setup = GXDLMSPushSetup("0.0.25.9.0.255")
    setup.pushObjectList += [
        (item, GXDLMSCaptureObject(attribute, 0))
        for item, attribute in ((setup, 2), (name, 2), (clock, 2), (energy, 2), (energy, 3))
    ]
    return setup


def pushed(made, setup=None):
    return [bytes(frame) for frame in made.generatePushSetupMessages(AT, setup or push_setup())]


def notified(made, body):
    return [bytes(frame) for frame in made.generateDataNotificationMessages(AT, GXByteBuffer(body))]


def protected(apdu, tag=0xDB, security=0x30, suite=0, *, counter=1, title=TITLE, with_keys=None):
    """Return an APDU ciphered by gurux under a tag that its notifier does not choose."""
    known = with_keys or keys(security, suite)
    parameter = AesGcmParameter(
        tag, bytearray(title), bytearray(known.encryption_key), bytearray(known.authentication_key)
    )
    parameter.security, parameter.securitySuite = Security(security), SecuritySuite(suite)
    parameter.invocationCounter = counter
    return bytes(GXCiphering.encrypt(parameter, apdu))
