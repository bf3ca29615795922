"""A pushed APDU opened: whose keys, is the tag right, has the counter risen (IEC 62056-5-3, 9.2.7.2). Pure.

Rules
    The tag is looked at before the counter, and both before anything inside: what is not the meter's own is not read.
    Who keeps counters keeps them by system title, and remembers one only after the message is safe.
    Under encryption alone there is no tag: that the keys are right shows in a notification coming out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.dlms.axdr import length_at
from bridge.dlms.ciphering import TAG_BYTES, unprotected
from bridge.dlms.push.bare import GENERAL, GENERAL_DED, GENERAL_GLO, GLO_EVENT, SIGNED
from bridge.dlms.push.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION, plain_notification
from bridge.dlms.security_keys import AUTHENTICATION, ENCRYPTION
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from bridge.dlms.push.messages import PushReason
    from bridge.dlms.push.notification import Notification
    from bridge.dlms.security_keys import Security, SecurityKeys

TITLE_BYTES: Final = 8
_SUITE, _BROADCAST, _COMPRESSED = 0x0F, 0x40, 0x80
_HEAD: Final = 5
"""Security control, invocation counter."""
_SECURITY: Final[dict[int, Security]] = {
    0: "none",
    AUTHENTICATION: "authentication",
    ENCRYPTION: "encryption",
    AUTHENTICATION | ENCRYPTION: "authenticated-encryption",
}
_WITH_DEDICATED_KEY: Final = "ciphered with an association's dedicated key: have it push under its global key"
_BY_SHORT_NAME: Final = "as an information report by short names, which name nothing: have it push by logical names"
_THROUGH_GATEWAY: Final = "through a gateway (E6, E7), whose header is not understood: have it push by itself"
_NOT_UNDERSTOOD: Final = {
    0x2F: "of text (IEC 62056-21, P1), which is not read: have it push notifications of DLMS",
    0xE6: _THROUGH_GATEWAY,
    0xE7: _THROUGH_GATEWAY,
    GENERAL_DED: _WITH_DEDICATED_KEY,
    0xD2: _WITH_DEDICATED_KEY,
    0x58: _WITH_DEDICATED_KEY,
    GENERAL: "in general ciphering (DD), which is not understood: have it push in general-glo-ciphering (DB)",
    SIGNED: "with a signature (DF), which is not understood: have it push in general-glo-ciphering (DB)",
    0x18: _BY_SHORT_NAME,
    0x38: _BY_SHORT_NAME,
}


class PushError(DecodeError):
    """A pushed message is not taken. ``reason`` says why in one of few words; ``title`` whose it claims to be."""

    reason: ClassVar[PushReason] = "malformed"

    def __init__(self, message: str, *, hint: str = "", title: bytes = b"") -> None:
        super().__init__(message, hint=hint)
        self.title = title


class UnknownTitleError(PushError):
    """It is ciphered, and no keys are known for its system title. Show the title: somebody may know whose it is."""

    reason = "unknown-title"


class WrongKeyError(PushError):
    """The keys that are known for its title do not open it, or it was changed on the way."""

    reason = "wrong-key"


class ReplayedPushError(PushError):
    """It is the meter's own, under an invocation counter that did not rise. Drop it."""

    reason = "replayed"


class UnsupportedPushError(PushError):
    """It is a message that there is, in a form that is not understood here."""

    reason = "unsupported"


def open_notification(
    apdu: bytes,
    keys_of: Callable[[bytes], SecurityKeys | None],
    last_counter_of: Callable[[bytes], int | None] = lambda _: None,
    *,
    assumed_title: bytes = b"",
) -> Notification:
    """Return what was pushed.

    Args:
        apdu: whole, as it stood in its frames.
        keys_of: returns the keys of the meter with a system title; None for a title that nobody knows.
        last_counter_of: returns the invocation counter of the last message that was taken from a title; None for none.
        assumed_title: whose it is where it is ciphered and names no title (glo-event-notification): that of the meter
            at this address.

    Raises:
        UnknownTitleError, WrongKeyError, ReplayedPushError, UnsupportedPushError: see there.
        PushError: it makes no sense.
    """
    tag = apdu[0] if apdu else 0
    if tag not in (GENERAL_GLO, GLO_EVENT):
        return _plain(apdu)
    title, content = _taken_apart(apdu)
    title = title or assumed_title
    keys = keys_of(title) if len(title) == TITLE_BYTES else None
    if keys is None:
        whose = f"the system title {title.hex().upper()}" if title else "no system title"
        raise UnknownTitleError(f"sent a ciphered message of {whose}, which no meter here has", title=title)
    security, counter = _security(content[0], keys, title), int.from_bytes(content[1:_HEAD])
    inside = _deciphered(content, keys, title)
    last = last_counter_of(title)
    if last is not None and counter <= last:
        raise ReplayedPushError(
            f"sent a message under the invocation counter {counter}, after one under {last}", title=title
        )
    try:
        told = _plain(inside)
    except PushError as error:
        if security == "encryption" and not isinstance(error, UnsupportedPushError):
            raise WrongKeyError(
                "sent a ciphered message that does not decipher to a notification",
                hint="check ENCRYPTION_KEY",
                title=title,
            ) from error
        raise type(error)(str(error), hint=error.hint, title=title) from error
    return told._replace(title=title, counter=counter, security=security)


def _plain(apdu: bytes) -> Notification:
    tag = apdu[0] if apdu else 0
    if (said := _NOT_UNDERSTOOD.get(tag)) is not None:
        raise UnsupportedPushError(f"sent a message {said}")
    if apdu and tag not in (DATA_NOTIFICATION, EVENT_NOTIFICATION):
        raise PushError(f"sent an APDU that begins with {tag:02X}, which is no notification")
    try:
        return plain_notification(apdu)
    except PushError:
        raise
    except DecodeError as error:
        raise PushError(str(error), hint=error.hint) from error


def _taken_apart(apdu: bytes) -> tuple[bytes, bytes]:
    """Return the system title that a ciphered APDU names, and what is ciphered, from its security control on."""
    at, title = 1, b""
    try:
        if apdu[0] == GENERAL_GLO:
            at = 2 + apdu[1]
            title = apdu[2:at]
        size, at = length_at(apdu, at)
    except IndexError:
        raise PushError("sent a ciphered message that is cut short") from None
    except DecodeError as error:
        raise PushError(str(error)) from error
    if size != len(apdu) - at or size <= _HEAD:
        raise PushError("sent a ciphered message of another length than it says", title=title)
    if title and len(title) != TITLE_BYTES:
        raise PushError(f"sent a ciphered message with a system title of {len(title)} octets", title=title)
    return title, apdu[at:]


def _security(control: int, keys: SecurityKeys, title: bytes) -> Security:
    security = _SECURITY[control & (AUTHENTICATION | ENCRYPTION)]
    if security == "none" or control & (_BROADCAST | _COMPRESSED):
        what = "compressed" if control & _COMPRESSED else "broadcast" if control & _BROADCAST else "unprotected"
        raise UnsupportedPushError(
            f"sent a message in an {what} form (security control {control:02X}), which is not understood", title=title
        )
    if control & _SUITE != keys.suite:
        raise WrongKeyError(
            f"sent a message under security suite {control & _SUITE}, and its keys are of suite {keys.suite}",
            hint="check SUITE and the keys",
            title=title,
        )
    return security


def _deciphered(content: bytes, keys: SecurityKeys, title: bytes) -> bytes:
    control = content[0]
    if control & AUTHENTICATION and len(content) < _HEAD + TAG_BYTES:
        raise PushError("sent a ciphered message that is cut short", title=title)
    gcm = AESGCM(keys.encryption_key)
    aad = content[:1] + keys.authentication_key
    plain = unprotected(gcm, control, aad, title + content[1:_HEAD], content[_HEAD:])
    if plain is None:
        which = (
            "ENCRYPTION_KEY and AUTHENTICATION_KEY"
            if keys.authentication_key
            else "AUTHENTICATION_KEY, which is not set"
        )
        raise WrongKeyError(
            "sent a ciphered message whose authentication tag is wrong", hint=f"check {which}", title=title
        )
    return plain
