"""Delivery put together as the settings ask for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.configuration.settings import way_of
from bridge.delivery import token_file
from bridge.delivery.broker import CLIENT_ID, Broker
from bridge.delivery.confirmation.choice import confirmation
from bridge.delivery.direct import DirectUpstream
from bridge.delivery.kept_file import KeptFile
from bridge.delivery.local import LocalUpstream
from bridge.delivery.memory import FileMemory
from bridge.delivery.mosquitto import MosquittoUpstream
from bridge.delivery.nowhere import NowhereUpstream
from bridge.delivery.provisioning import Provisioning, is_wanted
from bridge.delivery.publisher import Publisher
from bridge.delivery.thingsboard_connection import ThingsBoardConnection
from bridge.delivery.token_trial import TokenTrial
from bridge.outbox.destination import destination_of

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from pathlib import Path

    from bridge.configuration.settings import BrokerSettings, ThingsBoardSettings
    from bridge.delivery.calls import Commands
    from bridge.delivery.metrics import DeliveryMetrics
    from bridge.delivery.shared_attributes import Apply
    from bridge.delivery.upstream import Upstream
    from bridge.outbox.outbox import Outbox


def publisher(
    broker_settings: BrokerSettings,
    thingsboard: ThingsBoardSettings,
    *,
    outbox: Outbox,
    device_names: Mapping[str, str],
    memory_path: Path,
    commands: Commands,
    apply: Apply = lambda _meter, _values: "",
    metrics: DeliveryMetrics,
    rng: random.Random,
    beside: str = "",
) -> Publisher:
    """Return the publisher, with its way to ThingsBoard and its confirmation.

    Args:
        broker_settings: the local broker.
        thingsboard: whether there is an upstream, and how samples are confirmed.
        outbox: where the samples are.
        device_names: a meter's device name in ThingsBoard.
        memory_path: the file for what is learnt of this ThingsBoard; what it sets of the meters is kept beside it.
        commands: carries out remote calls.
        apply: has a meter go by the shared attributes that ThingsBoard sets of it.
        metrics: the upstream's figures.
        rng: jitter, and the numbers that questions begin with.
        beside: a word of its own for one that shares the broker, and its session with ThingsBoard, with another bridge.
    """
    destination = destination_of(thingsboard, next(iter(device_names.values()), ""))
    memory = FileMemory(memory_path, destination)
    upstream = _upstream(broker_settings, thingsboard, memory_path.parent, metrics=metrics, rng=rng, beside=beside)
    return Publisher(
        upstream=upstream,
        outbox=outbox,
        confirmation=confirmation(thingsboard, memory, rng, by_own_receipt=upstream.acknowledges),
        device_names=device_names,
        device_type=thingsboard.device_type,
        as_device=thingsboard.mode == "device",
        has_thingsboard=thingsboard.host is not None,
        commands=commands,
        apply=apply,
        shared_file=KeptFile(memory_path.with_name("shared.json"), destination),
        memory=memory,
        metrics=metrics,
        rng=rng,
        beside=beside,
    )


async def provision(thingsboard: ThingsBoardSettings, data_dir: Path, delivery: Publisher, rng: random.Random) -> None:
    """Get a token from ThingsBoard, where the settings want that; until there is one, or cancelled."""
    if is_wanted(thingsboard):
        await Provisioning(
            thingsboard,
            data_dir,
            is_up=lambda: delivery.state.upstream_connected,
            is_refused=lambda: delivery.state.token_refused,
            rng=rng,
        ).run()


def _upstream(
    broker_settings: BrokerSettings,
    thingsboard: ThingsBoardSettings,
    data_dir: Path,
    *,
    metrics: DeliveryMetrics,
    rng: random.Random,
    beside: str,
) -> Upstream:
    """The way that the settings ask for."""
    if thingsboard.host is None and broker_settings.host is None:
        metrics.broker_connected.set(math.nan)  # neither up nor down
        return NowhereUpstream()
    client_id = f"{CLIENT_ID}-{beside}" if beside else CLIENT_ID
    if thingsboard.host is None:
        return LocalUpstream(Broker(broker_settings, topics=(), metrics=metrics, rng=rng, client_id=client_id))

    def token() -> str | None:
        if thingsboard.token is not None:
            return thingsboard.token.get_secret_value()
        return token_file.kept(data_dir) if thingsboard.uses_kept_token else None

    if way_of(thingsboard, broker_settings) == "mosquitto":
        topics = MosquittoUpstream.topics(beside=bool(beside))
        broker = Broker(broker_settings, topics=topics, metrics=metrics, rng=rng, client_id=client_id)
        trial = None if beside else TokenTrial(thingsboard, token)
        by_receipt = thingsboard.confirm == "puback"
        return MosquittoUpstream(broker, by_receipt=by_receipt, trial=trial, may_renew=not beside)
    topics = DirectUpstream.topics(as_device=thingsboard.mode == "device")
    metrics.upstream_direct.set(1)
    connection = ThingsBoardConnection(thingsboard, token=token, topics=topics, rng=rng)
    if broker_settings.host is None:
        metrics.broker_connected.set(math.nan)  # neither up nor down
        return DirectUpstream(connection)
    return DirectUpstream(connection, Broker(broker_settings, topics=(), metrics=metrics, rng=rng))
