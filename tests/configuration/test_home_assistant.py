"""``HOME_ASSISTANT__…``: off unless asked for, never without a broker, and a prefix that is no other right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.configuration.load import load
from tests.configuration.loading import NOWHERE, problems

METER = {"METERS__MAIN__HOST": "m"}


def test_it_is_off_unless_asked_for():
    assert not load(METER, NOWHERE).home_assistant.discovery
    asked = load({**METER, "HOME_ASSISTANT__DISCOVERY": "true", "BROKER__HOST": "mosquitto"}, NOWHERE).home_assistant
    assert (asked.discovery, asked.prefix) == (True, "homeassistant")


def test_without_a_broker_there_is_nowhere_to_tell_it():
    (said,) = problems(**METER, HOME_ASSISTANT__DISCOVERY="true")
    assert said.startswith("HOME_ASSISTANT__DISCOVERY=true: BROKER__HOST names no broker")
    assert not load({**METER, "HOME_ASSISTANT__DISCOVERY": "false"}, NOWHERE).home_assistant.discovery


@pytest.mark.parametrize("prefix", ["a b", "a/", "/a", "a//b", "+", "a\nb", "x" * 101])
def test_a_prefix_is_plain(prefix):
    (said,) = problems(**METER, HOME_ASSISTANT__PREFIX=prefix)
    assert said.startswith("HOME_ASSISTANT__PREFIX")


def test_a_prefix_that_mosquitto_would_not_take_is_a_mistake_here_too():
    """Else ``bridge check`` finds all well, and the broker's container starts again and again."""
    script = Path(__file__).parents[2].joinpath("mosquitto", "start.sh").read_text(encoding="utf-8")
    taken = re.search(r"case \$prefix/ in\s+([^)]*)\)", script)[1].split(" | ")
    assert len(taken) > 3, "they are found"
    for pattern in taken:
        for prefix in (pattern.removesuffix("/*"), pattern.replace("*", "x")):
            (said,) = problems(**METER, HOME_ASSISTANT__PREFIX=prefix)
            assert said.startswith(f"HOME_ASSISTANT__PREFIX={prefix}: must not be that")
    assert not load({**METER, "HOME_ASSISTANT__PREFIX": "metersx/v1"}, NOWHERE).home_assistant.discovery
