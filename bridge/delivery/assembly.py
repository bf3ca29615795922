"""Delivery put together as the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.delivery.broker import Broker
from bridge.delivery.confirmation.choice import confirmation
from bridge.delivery.local import LocalUpstream
from bridge.delivery.memory import FileMemory
from bridge.delivery.mosquitto import MosquittoUpstream
from bridge.delivery.publisher import Publisher
from bridge.outbox.destination import destination_of

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from pathlib import Path

    from bridge.delivery.calls import Commands
    from bridge.delivery.upstream import Upstream
    from bridge.health.metrics import Metrics
    from bridge.outbox.outbox import Outbox
    from bridge.settings import BrokerSettings, ThingsBoardSettings


def publisher(
    broker_settings: BrokerSettings,
    thingsboard: ThingsBoardSettings,
    *,
    outbox: Outbox,
    device_names: Mapping[str, str],
    memory_path: Path,
    commands: Commands,
    metrics: Metrics,
    rng: random.Random,
) -> Publisher:
    """Return the publisher, with its way to ThingsBoard and its confirmation.

    Args:
        broker_settings: the local broker.
        thingsboard: whether there is an upstream, and how samples are confirmed.
        outbox: where the samples are.
        device_names: a meter's device name in ThingsBoard.
        memory_path: the file for what is learnt of this ThingsBoard.
        commands: carries out remote calls.
        metrics: the upstream's figures.
        rng: jitter, and the numbers that questions begin with.
    """
    has_thingsboard = thingsboard.host is not None
    topics = MosquittoUpstream.topics() if has_thingsboard else ()
    broker = Broker(broker_settings, topics=topics, metrics=metrics, rng=rng)
    upstream: Upstream = (
        MosquittoUpstream(broker, by_receipt=thingsboard.confirm == "puback")
        if has_thingsboard
        else LocalUpstream(broker)
    )
    memory = FileMemory(memory_path, destination_of(thingsboard, next(iter(device_names.values()), "")))
    return Publisher(
        upstream=upstream,
        outbox=outbox,
        confirmation=confirmation(thingsboard, memory, rng),
        device_names=device_names,
        device_type=thingsboard.device_type,
        as_device=thingsboard.mode == "device",
        has_thingsboard=has_thingsboard,
        commands=commands,
        memory=memory,
        metrics=metrics,
        rng=rng,
    )
