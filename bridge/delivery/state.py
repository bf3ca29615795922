"""How delivery is doing, as plain data, for whoever shows it: status, doctor, log, metrics, the gateway's report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.delivery.confirmation.protocol import Marks


@dataclass(frozen=True, slots=True)
class ParkedDevice:
    """A device that ThingsBoard does not take at present; its samples stay on disk.

    Args:
        reason: the likely one, for people.
        for_s: since it was parked.
        next_try_in_s: until it is tried again.
    """

    reason: str
    for_s: float
    next_try_in_s: float


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """Seconds count from the moment it was made.

    Args:
        way: which way it goes to ThingsBoard, for people; empty where there is none.
        needs_broker: whether samples go through the local broker.
        broker_connected: whether the local broker is; None where none is needed and none is configured.
        upstream_configured: whether there is a ThingsBoard.
        upstream_connected: whether a session with it stands.
        upstream_why: why it does not; empty when it does.
        token_refused: whether ThingsBoard said that it does not know the access token.
        token_shared: whether something else seems to use ThingsBoard's token.
        no_gateway: whether ThingsBoard answers and takes nothing from a gateway.
        marks: whether ThingsBoard is seen to store.
        confirm: how samples are confirmed at present: ``mark``, ``accepted``, ``puback`` or ``local``.
        unstored_samples: accepted by ThingsBoard and not known to be stored.
        parked: devices that are not taken, by name.
        last_stored_ago_s: since samples were last known to be stored; None when none were since the start.
        entries_per_s: telemetry messages that limits allow, told or learnt; infinite without one.
        drain_s: until nothing waits, at the pace of the last minute; None while the backlog does not shrink.
        renamed: by meter, what its device is called in ThingsBoard where that is not what the settings say.
        shared: by meter, what ThingsBoard sets of it by shared attributes.
    """

    way: str
    needs_broker: bool
    broker_connected: bool | None
    upstream_configured: bool
    upstream_connected: bool
    upstream_why: str
    token_refused: bool
    token_shared: bool
    no_gateway: bool
    marks: Marks
    confirm: str
    unstored_samples: int
    parked: Mapping[str, ParkedDevice]
    last_stored_ago_s: float | None
    entries_per_s: float
    drain_s: float | None
    renamed: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
