"""What travels between the wings: light for those who make every sample, plain for those who look at one."""

import pytest

from bridge.sample import Layout, Sample, Value

LAYOUT = Layout("main", ("v", "e", "clock"), ("1-0:32.7.0", "1-0:1.8.0", "0-0:1.0.0"), ("V", "Wh", ""))


def test_a_sample_is_seen_as_values_with_what_its_layout_knows():
    sample = LAYOUT.sample(1234, (127.4, 56348, "2026-11-25T12:00:00"), ("", "", "clock doubtful"))

    assert (sample.meter, sample.ts_ms) == ("main", 1234)
    assert sample.values == (
        Value("v", "1-0:32.7.0", 127.4, "V"),
        Value("e", "1-0:1.8.0", 56348, "Wh"),
        Value("clock", "0-0:1.0.0", "2026-11-25T12:00:00", "", "clock doubtful"),
    )


def test_what_was_refused_is_no_value_and_what_is_only_a_doubt_is_one():
    sample = LAYOUT.sample(1, (None, None, 7), ("", "no value", ""))

    assert sample.values == (Value("e", "1-0:1.8.0", None, "Wh", "no value"), Value("clock", "0-0:1.0.0", 7, ""))


@pytest.mark.parametrize("quality", ["", "odd"])
def test_a_sample_made_of_values_gives_them_back(quality):
    values = (Value("v", "1-0:32.7.0", 127.4, "V"), Value("on", "0-0:96.3.10", True, "", quality))

    sample = Sample("main", 5, values)

    assert sample.values == values
    assert sample.qualities == (("", "odd") if quality else ())


def test_samples_of_one_meter_share_what_they_have_in_common():
    one, other = LAYOUT.sample(1, (1, 2, 3)), LAYOUT.sample(2, (1, 2, 3))

    assert one.layout is other.layout
    with pytest.raises(AttributeError):
        one.values = ()
