"""What is known of a meter: learnt from samples, kept over restarts, steady where the meter is not."""

from __future__ import annotations

import pytest

from bridge.delivery.home_assistant.known_meter import KnownMeter, KnownSensor
from bridge.sample import Sample, Value


def sample(*values: Value) -> Sample:
    return Sample("main", 1, values)


def test_the_same_again_is_no_news_and_another_unit_is():
    meter = KnownMeter()
    assert meter.learn(sample(Value("v", "1-0:32.7.0", 230.0, "V")))
    assert not meter.learn(sample(Value("v", "1-0:32.7.0", 231.0, "V")))
    assert meter.learn(sample(Value("v", "1-0:32.7.0", 231.0, "kV")))


def test_a_unit_that_is_not_given_this_time_stays():
    """A scaler that the meter did not answer at one association would end the statistics of its energy."""
    meter = KnownMeter()
    meter.learn(sample(Value("e", "1-0:1.8.0", 5, "Wh")))
    assert not meter.learn(sample(Value("e", "1-0:1.8.0", 5, "", "scaler unknown")))
    assert meter.sensors["e"] == KnownSensor("1-0:1.8.0", "Wh", is_text=False)
    meter.learn(sample(Value("e", "0-0:96.7.21", 5, "")))
    assert meter.sensors["e"].unit == "", "another register under the same key has its own"


def test_what_it_holds_is_what_its_first_value_says():
    meter = KnownMeter()
    meter.learn(sample(Value("x", "0-0:96.7.21", None, "", "no answer")))
    assert not meter.is_settled
    assert meter.learn(sample(Value("x", "0-0:96.7.21", 3, "")))
    assert meter.is_settled
    assert meter.learn(sample(Value("x", "0-0:96.7.21", "three", "")))
    assert not meter.learn(sample(Value("x", "0-0:96.7.21", 3, ""))), "text once is text for good"


def test_a_key_that_comes_back_is_gone_no_more():
    meter, both = KnownMeter(), (Value("v", "1-0:32.7.0", 230.0, "V"), Value("a", "1-0:31.7.0", 1.0, "A"))
    meter.learn(sample(*both))
    meter.learn(sample(both[0]))
    assert meter.gone == ("a",)
    meter.learn(sample(*both))
    assert meter.gone == ()


def test_it_is_the_same_after_the_disk():
    meter = KnownMeter()
    meter.learn(sample(Value("v", "1-0:32.7.0", 230.0, "V"), Value("t", "0-0:96.1.0", None, "", "no answer")))
    meter.learn(sample(Value("v", "1-0:32.7.0", 230.0, "V")))
    meter.hear({"serial_number": "00012", "host": "10.0.0.1:4059", "firmware": "", "units": {"v": "V"}})
    assert meter.device == {"serial_number": "00012"}
    assert KnownMeter.of_json(meter.as_json()) == meter


@pytest.mark.parametrize(
    "kept", [None, 5, [], {}, {"sensors": [], "gone": [], "device": {}}, {"sensors": {}, "gone": {}, "device": {}}]
)
def test_what_is_none_on_disk_is_none(kept):
    assert KnownMeter.of_json(kept) is None


def test_of_what_is_damaged_the_rest_is_taken():
    kept = {
        "sensors": {"v": ["1-0:32.7.0", "V", False], "x": ["1-0:1.8.0"], "y": 1},
        "gone": [1, "a"],
        "device": {"a": 1},
    }
    assert KnownMeter.of_json(kept) == KnownMeter({"v": KnownSensor("1-0:32.7.0", "V", is_text=False)}, ("a",), {})
