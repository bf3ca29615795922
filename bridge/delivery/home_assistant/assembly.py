"""Home Assistant's part put together as the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.delivery.broker import Broker
from bridge.delivery.home_assistant.discovery import OFFLINE, bridge_topic
from bridge.delivery.home_assistant.home_assistant import HomeAssistant, status_topic
from bridge.delivery.home_assistant.told_meters import ToldMeters
from bridge.delivery.kept_file import KeptFile
from bridge.delivery.mqtt_client import Will

if TYPE_CHECKING:
    import random

    from bridge.configuration.settings import Settings

_CLIENT_ID = "dlms-bridge-home-assistant"


def home_assistant(settings: Settings, rng: random.Random) -> HomeAssistant:
    """Return the part; it does nothing where discovery is off and nothing told earlier is left to be taken back."""
    wanted = settings.home_assistant
    loss = "a meter that has left the settings since it was told has to be removed in Home Assistant by hand"
    told = ToldMeters(KeptFile(settings.data_dir / "home_assistant.json", "Home Assistant", loss=loss))
    topic = bridge_topic(settings.shard.index if settings.shard.several else None)
    broker = None
    # One that only sends what waits has no meters, and must not take back those that another shard reads now.
    has_say = not settings.shard.drain_only and (wanted.discovery or not told.is_empty)
    if settings.broker.host is not None and has_say:
        broker = Broker(
            settings.broker,
            topics=(status_topic(wanted.prefix),),
            rng=rng,
            part="home assistant",
            client_id=_CLIENT_ID,
            will=Will(topic, OFFLINE),
        )
    names = {name: meter.device or name for name, meter in settings.meters.items()}
    return HomeAssistant(
        broker,
        prefix=wanted.prefix,
        bridge_topic=topic,
        names=names,
        told=told,
        is_on=wanted.discovery,
        rng=rng,
    )
