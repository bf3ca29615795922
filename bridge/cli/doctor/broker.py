"""The doctor on the local broker: reach, credentials, and what it says of its session with ThingsBoard."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bridge.cli.doctor.finding import Finding, bad, good
from bridge.cli.doctor.reach import error_text
from bridge.cli.mqtt_session import Refused, broker_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.configuration.settings import BrokerSettings

STATE_TOPIC = "$SYS/broker/connection/dlms-bridge/state"
_PATIENCE_S = 5.0
_STATE_PATIENCE_S = 2.0

UpstreamSession = Literal["up", "down", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class BrokerSays:
    """What was learnt.

    Args:
        findings: for the report.
        there: whether anything listens at its address, so that a session with ThingsBoard may be in use.
        upstream: its session with ThingsBoard: ``up``, ``down``, ``none`` when it has no such session configured,
            ``unknown`` when it could not be asked.
        credentials: user name and password for it; empty when there are none.
    """

    findings: tuple[Finding, ...]
    there: bool
    upstream: UpstreamSession = "unknown"
    credentials: tuple[str, str] = ("", "")


async def ask_broker(settings: BrokerSettings) -> BrokerSays:
    """Connect to the broker as the bridge does and ask for the state of its upstream session."""
    where = f"{settings.where}:{settings.port}"
    try:
        user, password = _credentials(settings)
    except (OSError, ValueError) as error:
        said = (isinstance(error, OSError) and error.strerror) or "needs two lines, user name and password"
        path = settings.credentials_file
        finding = bad(
            "doctor.broker.no_credentials", "doctor.broker.no_credentials.fix", "broker", str(said), file=path
        )
        return BrokerSays((finding,), there=True)  # for all we know
    try:
        async with broker_session(
            settings.where, settings.port, name=f"dlms-bridge-doctor-{os.getpid()}", user=user, password=password,
            within_s=_PATIENCE_S,
        ) as one:  # fmt: skip
            one.subscribe(STATE_TOPIC)
            state = await one.message(STATE_TOPIC, _STATE_PATIENCE_S)
            upstream: UpstreamSession = "none" if state is None else "up" if state == b"1" else "down"
            return BrokerSays((good("doctor.broker.up", where=where),), True, upstream, (user, password))
    except Refused as refusal:
        finding = bad("doctor.broker.refused", "doctor.broker.refused.fix", "broker", str(refusal), where=where)
        return BrokerSays((finding,), there=True)
    except socket.gaierror as error:
        finding = bad("doctor.broker.dns", "doctor.broker.down.fix", "dns", error.strerror or "", where=where)
        return BrokerSays((finding,), there=False)
    except ConnectionRefusedError as error:
        finding = bad("doctor.broker.down", "doctor.broker.down.fix", "broker", error_text(error), where=where)
        return BrokerSays((finding,), there=False)
    except (OSError, TimeoutError) as error:
        said = error_text(error) if str(error) else f"no answer within {_PATIENCE_S:g} s"
        finding = bad("doctor.broker.silent", "doctor.broker.silent.fix", "broker", said, where=where)
        return BrokerSays((finding,), there=True)


def _credentials(settings: BrokerSettings) -> tuple[str, str]:
    if settings.credentials_file is None:
        return "", ""
    user, password = settings.credentials_file.read_text(encoding="utf-8").splitlines()[:2]
    return user.strip(), password.strip()


def secrets_of(settings: BrokerSettings) -> Iterator[str]:
    """Yield what the credentials file holds that must not be shown."""
    try:
        _, password = _credentials(settings)
    except (OSError, ValueError):
        return
    if password:
        yield password
