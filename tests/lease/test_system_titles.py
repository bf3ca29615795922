"""No two machines of a shard cipher under one system title."""

from __future__ import annotations

import pytest

from bridge.configuration.load import load
from bridge.errors import ConfigError

METER = {
    "METERS__HALL__HOST": "10.0.0.7",
    "METERS__HALL__ENCRYPTION_KEY": "00" * 16,
    "METERS__HALL__AUTHENTICATION_KEY": "11" * 16,
    "METERS__HALL__SYSTEM_TITLE": "4D4D4D0000000001",
}
LEASED = {"SHARD__WITNESSES": "a:9109,b:9109,c:9109", "SHARD__SECRET": "sixteen letters."}


def test_a_title_in_the_settings_is_a_mistake_where_another_machine_may_go_on(tmp_path):
    load(METER, tmp_path)
    load({name: value for name, value in METER.items() if not name.endswith("TITLE")} | LEASED, tmp_path)
    with pytest.raises(ConfigError, match=r"^METERS__HALL__SYSTEM_TITLE: with SHARD__WITNESSES another machine"):
        load(METER | LEASED, tmp_path)
