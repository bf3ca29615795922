"""``HOME_ASSISTANT__…``: whether the meters are told to Home Assistant, on the local broker."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from bridge.configuration.section import Section

_TAKEN = ("v1", "upstream", "meters", "availability", "relay")


def _is_prefix(value: str) -> str:
    # Mosquitto's start.sh puts it into the list of what a user may read and write; it accepts the same.
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", value):
        raise ValueError("must be letters, digits, _ and -, with / between levels and none at the ends")
    if value.partition("/")[0] in _TAKEN:
        raise ValueError("must not be that: other topics of the local broker begin so; homeassistant is the usual one")
    return value


class HomeAssistantSettings(Section):
    """``HOME_ASSISTANT__…``. Off, nothing is told, and what was told earlier is taken back."""

    discovery: bool = False
    prefix: Annotated[str, Field(max_length=100), AfterValidator(_is_prefix)] = Field(
        "homeassistant", description="Home Assistant's discovery prefix, as it is set there"
    )
