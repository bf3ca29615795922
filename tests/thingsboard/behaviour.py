"""What one ThingsBoard is like: its version, its limits, its speed, and what a trial asks of it.

Figures are measured ones where a comment does not say otherwise. What differs between versions stands in
:class:`Traits`, nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Three rates, as ThingsBoard's profile writes them: ``20:1,600:60``. Empty for none."""

    messages: str = ""
    """Regular messages: opening a device, attribute requests, answers to calls."""
    telemetry: str = ""
    """Messages with telemetry or attributes, one for each device in them."""
    points: str = ""
    """Values."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a version does."""

    puback_per_device: bool
    """A message of N devices is acknowledged N times, device by device."""
    answers_limits: bool
    """``getSessionLimits`` is known, and costs nothing; before, it is a regular message that nobody answers."""
    gateway_limits: bool
    """There are limits of the gateway beside the tenant's."""
    disconnects_with_reason: bool
    """On MQTT 5 a close has a reason where one is known."""
    refusal_acknowledged: bool
    """A device that cannot be had is acknowledged all the same ("Quota exceeded" on MQTT 5)."""
    refusal_races: bool
    """The next message of a refused device may close the session."""
    over_limit_acknowledged: bool
    """A message past a limit is acknowledged before the close."""
    empty_closes: bool
    """``{}`` is acknowledged, then the session closed; before, it is never acknowledged."""
    bad_rows_answered: bool
    """On MQTT 5 rows that cannot be read get "Payload format invalid"; before, they close the session."""
    opening_cost: int
    """Regular messages that opening a device costs."""
    request_cost: int
    """Regular messages that an attribute request for a device costs."""
    attributes_in_order: bool
    """Of two values written to one attribute within a moment, the later one stays."""
    recreated_answer_s: float
    """How much later the attributes of a device that was deleted and made anew are answered."""


@cache
def traits(version: str) -> Traits:
    """What ``version``, such as ``4.3.1.3``, does."""
    number = tuple(int(part) for part in version.split("."))
    return Traits(
        puback_per_device=number < (4, 2, 1),
        answers_limits=number >= (3, 9),
        gateway_limits=number >= (3, 9),
        disconnects_with_reason=number >= (3, 9),
        refusal_acknowledged=number >= (4, 3),
        refusal_races=number >= (3, 9),
        over_limit_acknowledged=number >= (4, 3),
        empty_closes=number >= (4, 3),
        bad_rows_answered=number >= (3, 9),
        opening_cost=2 if number >= (3, 9) else 0,
        request_cost=1 if number >= (3, 9) else 2,
        attributes_in_order=number >= (3, 9),
        recreated_answer_s=0.0 if number >= (3, 9) else 1.03,
    )


@dataclass
class Behaviour:
    """May be changed while the model runs; it looks here each time.

    ``*_s`` pairs are the shortest and the longest time that something takes, drawn anew each time.
    """

    version: str = "4.3.1.3"
    mqtt5_accepted: bool = True
    token: str = "TOKEN"
    gateway_name: str = "GW"
    is_gateway: bool = True
    """Looked at when a session begins, and never again in it."""
    provision_key: str = "KEY"
    provision_secret: str = "SECRET"

    tenant: Limits = field(default_factory=Limits)
    """Enforced and never told."""
    gateway: Limits = field(default_factory=Limits)
    device: Limits = field(default_factory=Limits)
    """Enforced on each device behind the gateway; the real one was never seen to do that, it only told them."""
    tells_gateway: Limits | None = None
    """What ``getSessionLimits`` says of the gateway; None for what is so."""
    tells_device: Limits | None = None
    max_devices: int = 0
    """The gateway counts as one; 0 for no limit."""

    answers_fence: bool = True
    answers_mark: bool = True
    """False: a rule chain of the user's own does not store the gateway's attributes, all else is well."""
    drop_every: int = 0
    """A trial: every so manieth telemetry message is past a limit that nobody knows; 0 for none."""
    drop_acknowledges: bool = True
    """Whether that message is acknowledged before the close."""
    poison: str | None = None
    """A trial: a message with a value of this key cannot be read."""
    telemetry_opening_closes: bool = False
    """Whether the regular limit closes the session too where telemetry opens the devices: never in a recording, and
    FACTS reads as if it did."""
    race: float = 0.5
    """How often a race inside ThingsBoard goes the worse way: a message of a refused device closes the session."""

    store_rate_per_s: float = 6000.0
    """Rows that reach the database; 5,400 to 6,100 of five values were measured."""
    accept_rate_per_s: float = 9900.0
    """Rows that are acknowledged at most."""
    ack_s: tuple[float, float] = (0.0005, 0.002)
    """PUBACK of what the transport or the queue takes at once."""
    queue_s: tuple[float, float] = (0.0005, 0.006)
    """PUBACK of telemetry of an open device."""
    open_s: tuple[float, float] = (0.02, 0.06)
    """Opening a device."""
    create_s: float = 0.005
    """What making a device costs beside, one after another."""
    answer_s: tuple[float, float] = (0.015, 0.05)
    """Answer to an attribute request; the value is read at its end."""
    store_s: tuple[float, float] = (0.02, 0.17)
    """From the queue to the database on an idle server, telemetry."""
    attribute_s: tuple[float, float] = (0.01, 0.2)
    """The same, attributes."""
    attribute_drag: float = 0.18
    """How much of the telemetry's lag an attribute feels: with it a mark's round trip is 0.17 s, 0.3 s and 0.5 s at
    2,000, 4,800 and 8,000 rows a mark, which gives the rates and lags that were measured there."""
    connack_s: float = 0.0
    database_patience_s: float = 30.0
    """How long a batch waits for the database before it is thrown away (``storage.py``)."""
    refusal_memory_s: float = 300.0
    """How long a name that found no room is refused, room or not."""
    inactivity_s: float = 600.0
    """After so long without a message a device's session ends."""
    epoch_ms: int = 1_800_000_000_000
    """Wall time at the model's second 0: the stamp of rows without one."""
    keeps_values: bool = True
    """False: of telemetry the times alone are kept, for trials with a day's backlog."""
    changed: dict[str, Any] = field(default_factory=dict)
    """Traits that are not this version's: to see whether a test notices."""

    @property
    def traits(self) -> Traits:
        """What this version does."""
        return replace(traits(self.version), **self.changed) if self.changed else traits(self.version)
