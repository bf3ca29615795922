"""The discovery message: ids that stay, what a template reads, what is said of a sensor that is gone."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.home_assistant import discovery
from bridge.delivery.home_assistant.known_meter import KnownMeter
from bridge.sample import Sample, Value


def known(*values: Value) -> KnownMeter:
    meter = KnownMeter()
    meter.learn(Sample("main", 1, values))
    return meter


def read(meter: KnownMeter, *, name: str = "main", device: str = "Main", interval_s: float = 5) -> dict:
    return json.loads(discovery.config(name, meter, name=device, interval_s=interval_s))


def test_ids_are_the_meters_name_in_the_settings_and_each_name_has_another():
    names = ["main", "a.b", "a_b", "a-b", "größe", "gr__e", "A"]
    ids = [discovery.device_id(name) for name in names]
    assert ids[0] == "dlms_bridge_main"
    assert len(set(ids)) == len(names)
    assert all(one.replace("_", "").replace("-", "").isalnum() and one.isascii() for one in ids)


def test_another_name_of_the_device_changes_no_id():
    meter = known(Value("v", "1-0:32.7.0", 230.0, "V"))
    one, other = read(meter, device="Main"), read(meter, device="Renamed")
    assert one["dev"].pop("name") != other["dev"].pop("name")
    assert one == other


@pytest.mark.parametrize(("interval_s", "expires_s"), [(0.1, 60), (5, 60), (10, 60), (60, 210), (900, 2730)])
def test_a_value_expires_after_a_few_readings_and_not_before(interval_s, expires_s):
    sensor = read(known(Value("v", "1-0:32.7.0", 230.0, "V")), interval_s=interval_s)["cmps"]["v"]
    assert sensor["exp_aft"] == expires_s


def test_both_availabilities_must_hold():
    message = read(known(Value("v", "1-0:32.7.0", 230.0, "V")))
    assert [one["t"] for one in message["avty"]] == ["availability/bridge", "availability/meters/main"]
    assert message["avty_mode"] == "all"
    assert message["stat_t"] == "meters/main"


def test_each_shard_has_an_availability_of_its_own():
    meter = known(Value("v", "1-0:32.7.0", 230.0, "V"))
    topic = discovery.bridge_topic(2)
    message = json.loads(discovery.config("main", meter, name="Main", interval_s=5, bridge=topic))
    assert [one["t"] for one in message["avty"]] == ["availability/bridge-2", "availability/meters/main"]
    assert discovery.bridge_topic(None) == "availability/bridge"


def test_text_has_no_class_and_no_unit_nor_has_what_was_never_seen():
    sensors = read(
        known(
            Value("clock", "0-0:1.0.0", "2026-11-26T22:00:00", ""),
            Value("switch", "0-0:96.3.10", value=True, unit=""),
            Value("later", "1-0:13.7.0", None, "", "no answer"),
            Value("count", "0-0:96.7.21", 3, ""),
        )
    )["cmps"]
    classes = {
        key: {name for name in one if name in ("dev_cla", "stat_cla", "unit_of_meas")} for key, one in sensors.items()
    }
    assert classes == {"clock": set(), "switch": set(), "later": set(), "count": set()}
    assert "is number" in sensors["count"]["val_tpl"]
    assert all("is number" not in sensors[key]["val_tpl"] for key in ("clock", "switch", "later"))


def test_a_sensor_that_is_gone_is_named_once_more_without_anything():
    meter = known(Value("v", "1-0:32.7.0", 230.0, "V"), Value("a", "1-0:31.7.0", 1.0, "A"))
    assert meter.learn(Sample("main", 2, [Value("v", "1-0:32.7.0", 231.0, "V")]))
    sensors = read(meter)["cmps"]
    assert sensors["a"] == {"p": "sensor"}
    assert sensors["v"]["dev_cla"] == "voltage"
