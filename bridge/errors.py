"""The error tree. An error's class says what the bridge does about it; its stage says where it happened.

    BridgeError
    ├── ConfigError          print every problem, exit 2; never retried
    ├── MeterError
    │   ├── DnsError         the name has no address: backoff            stage dns
    │   ├── LinkError        close, reconnect after the backoff          stage tcp
    │   ├── ReplyTimeout     ask again, then treat as a LinkError        stage timeout
    │   │   └── FramingError bytes came that make no frame: the same     stage framing
    │   ├── AssociationError the meter refuses the association: backoff  stage association
    │   │   └── ServiceError it refuses one request: ask another way      stage association
    │   ├── AuthError        it refuses password or key: leave it alone  stage auth
    │   ├── AccessError      it refuses every register: backoff          stage access
    │   └── DecodeError      the answer makes no sense: reassociate      stage decode
    └── DeliveryError
        ├── BrokerError      the samples stay on disk; connect again     stage broker
        ├── UpstreamError    the samples stay on disk; send them again   stage upstream
        └── DiskError        keep in memory, raise the alarm, try again  stage disk

Library exceptions are translated into these once, at the edge where they enter: sockets in ``meters/link.py``, gurux in
``dlms/gurux.py``, paho in ``delivery/mqtt_client.py`` and ``delivery/mqtt_events.py``, SQLite in
``outbox/sqlite_errors.py`` and ``meters/counter_file.py``.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Stage = Literal[
    "config", "dns", "tcp", "framing", "association", "auth", "access", "decode", "timeout",
    "broker", "upstream", "disk",
]  # fmt: skip


class BridgeError(Exception):
    """Anything the bridge expects to go wrong.

    Args:
        message: what happened, to whom, and what was seen; one line, no secret in it.
        hint: what a technician can do about it; empty where there is nothing to do but wait.
    """

    stage: ClassVar[Stage]

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(BridgeError):
    """The settings cannot be used. Holds every problem found, one line each."""

    stage = "config"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems), hint="correct the lines above, then start again")
        self.problems = problems


class MeterError(BridgeError):
    """A meter, or the way to it, failed."""


class DnsError(MeterError):
    """The meter's host name has no address. Reconnect after the backoff."""

    stage = "dns"


class LinkError(MeterError):
    """The TCP connection could not be opened, or broke. Reconnect after the backoff."""

    stage = "tcp"


class ReplyTimeout(MeterError):  # noqa: N818 - the field's word for it
    """No complete answer within the timeout. Ask again; then reconnect.

    Args:
        final: whether nothing may be asked again, because others wait for their turn on the same line.
        stands: whether the meter said that it has the request and the association holds: something else may be asked.
    """

    stage: ClassVar[Stage] = "timeout"

    def __init__(self, message: str, *, hint: str = "", final: bool = False, stands: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.final = final
        self.stands = stands


class FramingError(ReplyTimeout):
    """No complete answer, and bytes that make no frame: damaged ones, text, an echo. Ask again; then reconnect."""

    stage = "framing"


class AssociationError(MeterError):
    """The meter refuses the association, or ended it. Reconnect after the backoff."""

    stage = "association"


class ServiceError(AssociationError):
    """The meter answers a request with an exception or a confirmed service error. Another request may still do.

    Args:
        not_allowed: whether it says that the service is not allowed, as without an association.
    """

    def __init__(self, message: str, *, hint: str = "", not_allowed: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.not_allowed = not_allowed


class AuthError(MeterError):
    """The meter refuses the password or key. Leave it alone: trying again locks real meters."""

    stage = "auth"


class AccessError(MeterError):
    """The meter refuses every register of the profile. Reconnect after the backoff."""

    stage = "access"


class NotAtTheMomentError(MeterError):
    """The meter gives it, but not now; the association holds. Ask again later, and conclude nothing from it."""

    stage = "access"


class DecodeError(MeterError):
    """The answer is complete but makes no sense. Reconnect and associate again."""

    stage = "decode"


class ValueUnreadableError(DecodeError):
    """One answer belongs to its question but its content makes no sense; the association holds."""


class NotNow(Exception):  # noqa: N818 - no failure: nothing was asked, nothing is lost
    """There is no room for an errand to a meter now: it is not associated, or live readings have the line.

    Args:
        message: why; one line.
        after_s: ask again after so many seconds.
    """

    def __init__(self, message: str, *, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


class DeliveryError(BridgeError):
    """The way to ThingsBoard, or the disk before it, failed. Samples stay where they are."""


class BrokerError(DeliveryError):
    """The local broker is away, or did not acknowledge. Connect and send again."""

    stage = "broker"


class UpstreamError(DeliveryError):
    """ThingsBoard did not confirm. Send again."""

    stage = "upstream"


class DiskError(DeliveryError):
    """The outbox cannot be written. Keep samples in memory up to the bound, try again, raise the alarm."""

    stage = "disk"
