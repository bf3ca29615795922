"""Home Assistant's discovery messages: one a meter, retained. Pure.

The form is Home Assistant's device discovery (2024.12 and newer). Rules

* The id of a meter is made of its name in the settings: it stays when the device is renamed in ThingsBoard or in Home
  Assistant, when ``DEVICE`` changes, and when the meter itself is exchanged.
* A doubtful value is unknown there: never 0, never the last one, which energy statistics would count.
* A sensor that is gone is named once more without anything but its platform: Home Assistant removes it then, and would
  keep one that is only left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.delivery.home_assistant.sensor_classes import classes_of
from bridge.delivery.messages import live_topic

if TYPE_CHECKING:
    from bridge.delivery.home_assistant.known_meter import KnownMeter, KnownSensor

ONLINE, OFFLINE = b"online", b"offline"
_EXPIRES_LEAST_S = 60
_LONGEST = 255
"""Characters of a state in Home Assistant."""
_FROM_ATTRIBUTES = {"sn": "serial_number", "sw": "firmware", "mf": "manufacturer", "mdl": "profile"}


def device_id(meter: str) -> str:
    """Return the meter's id in Home Assistant: letters, digits, ``_`` and ``-``, another one for each name."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", meter)
    return f"dlms_bridge_{plain}" + ("" if plain == meter else "_" + hashlib.sha256(meter.encode()).hexdigest()[:8])


def config_topic(prefix: str, meter: str) -> str:
    """Where Home Assistant looks for the meter."""
    return f"{prefix}/device/{device_id(meter)}/config"


def bridge_topic(shard: int | None) -> str:
    """Where the bridge's own availability is told; each shard of several has a topic of its own."""
    return "availability/bridge" if shard is None else f"availability/bridge-{shard}"


def availability_topic(meter: str) -> str:
    """Where it is told, in a word, whether the meter answers."""
    return live_topic(meter).replace("meters/", "availability/meters/", 1)


def expires_after_s(interval_s: float) -> int:
    """Return how old a value may become: two readings may fail, and be late besides."""
    return max(_EXPIRES_LEAST_S, math.ceil(3 * interval_s + 30))


def config(
    meter: str, known: KnownMeter, *, name: str, interval_s: float, bridge: str = "availability/bridge"
) -> bytes:
    """Return the message that makes a device of the meter, and a sensor of each of its registers.

    Args:
        meter: its name in the settings.
        known: its registers, and what is known of the meter itself.
        name: what people call it.
        interval_s: seconds from one reading to the next.
        bridge: where the bridge's own availability is told.
    """
    stated = {short: known.device[long] for short, long in _FROM_ATTRIBUTES.items() if known.device.get(long)}
    message: dict[str, Any] = {
        "dev": {"ids": [device_id(meter)], "name": name, **stated},
        "o": {"name": "dlms-bridge", "sw": __version__},
        "stat_t": live_topic(meter),
        "avty": [{"t": bridge}, {"t": availability_topic(meter)}],
        "avty_mode": "all",
        "cmps": {
            **{key: {"p": "sensor"} for key in known.gone},
            **{key: _sensor(meter, key, one, interval_s) for key, one in known.sensors.items()},
        },
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _sensor(meter: str, key: str, one: KnownSensor, interval_s: float) -> dict[str, Any]:
    said = f"value_json['values'].get({_quoted(key)}, {{}})"
    value = f"{{% set v = {said} %}}{{% set x = v.get('value') %}}"
    sensor: dict[str, Any] = {
        "p": "sensor",
        "name": _name(key),
        "uniq_id": f"{device_id(meter)}_{key}",
        "exp_aft": expires_after_s(interval_s),
        "json_attr_t": live_topic(meter),
        "json_attr_tpl": f"{{{{ {{'obis': {_quoted(one.obis)}, 'quality': {said}.get('quality', 'ok')}} | tojson }}}}",
    }
    if one.is_text is not False:
        return sensor | {
            "val_tpl": f"{value}{{{{ (x | string)[:{_LONGEST}] if x is not none and not v.get('quality') else none }}}}"
        }
    classes = classes_of(one.obis, one.unit)
    numbers = {"dev_cla": classes.device_class, "stat_cla": classes.state_class, "unit_of_meas": one.unit or None}
    return sensor | {
        "val_tpl": f"{value}{{{{ x if x is number and x is not boolean and not v.get('quality') else none }}}}",
        **{name: said for name, said in numbers.items() if said},
    }


def _name(key: str) -> str:
    """``voltage_l1`` is Voltage L1 to people."""
    words = re.sub(r"\bl([123])\b", r"L\1", key.replace("_", " ").strip())
    return words[:1].upper() + words[1:]


def _quoted(text: str) -> str:
    """Text in a template of Home Assistant's."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
