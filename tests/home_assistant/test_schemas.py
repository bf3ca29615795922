"""Our discovery messages before Home Assistant's own schemas: device, sensors, which classes go with which unit."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.home_assistant.discovery import config
from bridge.delivery.home_assistant.known_meter import KnownMeter
from bridge.delivery.home_assistant.sensor_classes import classes_of
from bridge.dlms.units import unit_text
from bridge.sample import Sample, Value
from tests.home_assistant.program import judge

pytestmark = pytest.mark.timeout(300)

QUANTITIES = [
    f"{medium}-0:{quantity}.{kind}.{rate}{period}"
    for medium in (0, 1, 7)
    for quantity in (1, 13, 16, 32, 96)
    for kind in (6, 7, 8, 9, 29)
    for rate in (0, 1)
    for period in ("", "*1", ".255")
]
UNITS = sorted({unit_text(code) for code in range(256) if code < 80 or code > 253})


def message(*values: Value, name: str = "main", device: str = "Main meter") -> bytes:
    known = KnownMeter()
    known.learn(Sample(name, 1, values))
    known.hear({"serial_number": "00012345", "firmware": "1.2", "manufacturer": "DLB", "profile": "three_phase"})
    return config(name, known, name=device, interval_s=5)


def test_they_are_taken_whatever_the_register_and_its_unit_and_wrong_ones_are_not(tmp_path):
    """Every unit of the standard with every kind of OBIS code: a class that does not take the unit would be refused."""
    # One code of each kind: those that get the same classes differ in nothing that a schema looks at.
    kinds = {unit: {classes_of(obis, unit): obis for obis in QUANTITIES}.values() for unit in UNITS}
    assert sum(map(len, kinds.values())) > 100, "there are as many as that"
    good = [
        message(*(Value(f"k{number}", obis, 1.5, unit) for number, obis in enumerate(codes)))
        for unit, codes in kinds.items()
    ]
    good.append(message(Value("it's \\ {{ a }} key", "0-0:96.1.0", "text", ""), name="größe.1", device="Größe'\"{{ 1"))
    good.append(message(Value("none_yet", "1-0:1.8.0", None, "", "no answer")))

    def spoilt(**changes: str) -> bytes:
        read = json.loads(message(Value("energy", "1-0:1.8.0", 5, "Wh")))
        read["cmps"]["energy"].update(changes)
        return json.dumps(read).encode()

    bad = [
        spoilt(unit_of_meas="V"),
        spoilt(stat_cla="measurement"),
        spoilt(dev_cla="energy_of_some_kind"),
        spoilt(val_tpl="{{ value_json['values'] "),
        spoilt(exp_aft="-1"),
        json.dumps({name: said for name, said in json.loads(good[0]).items() if name != "o"}).encode(),
    ]
    answers = judge(tmp_path, good + bad)
    assert [one for one in answers[: len(good)] if one["what"] != "taken"] == []
    assert [one["what"] for one in answers[len(good) :]] == ["refused"] * len(bad), answers[len(good) :]
