"""Home Assistant's own core and MQTT integration in one process: says on stdout what it sees, a JSON object a line.

Run by the Python that ``program.py`` finds, which is not the tests' own. No web server, no discovery on the network,
no other integration: it talks to one broker on loopback and to nobody else.

    core.py FOLDER PORT USER PASSWORD        runs until it is killed
    core.py --judge FOLDER                   says what its schemas make of each line on stdin, a discovery message

``devices`` on stdin asks for its devices.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from types import MappingProxyType

from homeassistant import loader
from homeassistant.components.mqtt import schemas
from homeassistant.components.mqtt.sensor import DISCOVERY_SCHEMA
from homeassistant.components.sensor import DEVICE_CLASS_STATE_CLASSES
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import EVENT_STATE_CHANGED, CoreState, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry,
    category_registry,
    device_registry,
    entity,
    entity_registry,
    floor_registry,
    frame,
    issue_registry,
    label_registry,
    restore_state,
    template,
    translation,
)
from homeassistant.helpers.storage import get_internal_store_manager


def say(**said) -> None:
    print(json.dumps(said), flush=True)


class _Said(logging.Handler):
    """Warnings of Home Assistant's are findings of the tests."""

    def emit(self, record: logging.LogRecord) -> None:
        error = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        say(what="log", level=record.levelname, logger=record.name, text=record.getMessage(), error=error)


async def core(folder: str) -> HomeAssistant:
    """Return a core that is set up as far as an integration needs it."""
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    # As its bootstrap does, which imports half of all integrations with it.
    for one in (entity, frame, template, translation):
        one.async_setup(hass)
    await get_internal_store_manager(hass).async_initialize()
    for one in (
        area_registry, category_registry, device_registry, entity_registry, floor_registry, issue_registry,
        label_registry, restore_state,
    ):  # fmt: skip
        await one.async_load(hass)
    await hass.config_entries.async_initialize()
    hass.config.components.update(("http", "file_upload"))  # what MQTT's dialogs need: there is no web server here
    hass.set_state(CoreState.running)
    return hass


def judge(text: str) -> None:
    """Say what Home Assistant's schemas make of a discovery message, as its discovery does."""
    from homeassistant.components.mqtt.discovery import (  # noqa: PLC0415
        MQTTDiscoveryPayload,
        _merge_common_device_options,
        _replace_all_abbreviations,
    )

    payload = MQTTDiscoveryPayload(json.loads(text))
    _replace_all_abbreviations(payload)
    schemas.DEVICE_DISCOVERY_SCHEMA(payload)
    for component in payload["components"].values():
        component.pop("platform")
        if not component:
            continue
        component["device"], component["origin"] = payload["device"], payload["origin"]
        _merge_common_device_options(component, payload)
        made = DISCOVERY_SCHEMA(component)
        allowed = DEVICE_CLASS_STATE_CLASSES.get(made.get("device_class"))
        state_class = made.get("state_class")
        if allowed is not None and state_class is not None and state_class not in allowed:
            raise ValueError(f"{state_class} does not go with {made['device_class']}")


async def judge_all(folder: str) -> None:
    hass = await core(folder)
    for line in sys.stdin:
        try:
            judge(line)
        except Exception as error:  # noqa: BLE001 - whatever it says against the message is the answer
            say(what="refused", why=str(error))
        else:
            say(what="taken")
    await hass.async_stop(force=True)


def seen(state) -> dict:
    return {
        "entity": state.entity_id,
        "state": state.state,
        "attributes": {name: value for name, value in state.attributes.items() if isinstance(value, str)},
    }


def say_devices(hass: HomeAssistant) -> None:
    devices = [
        {"name": one.name, "serial": one.serial_number, "ids": [name for _, name in one.identifiers]}
        for one in device_registry.async_get(hass).devices.values()
    ]
    say(what="devices", devices=devices)


async def run(folder: str, port: int, user: str, password: str) -> None:
    hass = await core(folder)

    @callback
    def changed(event) -> None:
        new = event.data["new_state"]
        if new is None:
            say(what="removed", entity=event.data["entity_id"])
        elif new.domain == "sensor":
            say(what="state", **seen(new))

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    entry = ConfigEntry(
        version=2, minor_version=1, domain="mqtt", title="broker", source="user", unique_id=None, options={},
        data={"broker": "127.0.0.1", "port": port, "username": user, "password": password, "discovery": True},
        discovery_keys=MappingProxyType({}), subentries_data=None,
    )  # fmt: skip
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    say(what="ready", state=str(entry.state))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"devices":
            say_devices(hass)


if __name__ == "__main__":
    logging.getLogger().addHandler(_Said(logging.WARNING))
    if sys.argv[1] == "--judge":
        asyncio.run(judge_all(sys.argv[2]))
    else:
        asyncio.run(run(sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]))
