"""The settings of one bridge among several that share out a fleet: ``SHARD__…``.

``bridge stack`` writes all of them into what it makes, so that nobody need set them by hand. ``sharding.py`` says which
meters are whose; what contradicts what is in ``shard_contradictions.py``.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bridge.configuration.field_types import DECIMAL_COMMA, is_host, parts_of
from bridge.configuration.section import Section

MOST_SHARDS = 256


def _are_addresses(value: str) -> str:
    for part in parts_of(value):
        host, _, port = part.rpartition(":")
        if not _is_host_of(host) or not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError("must be addresses such as witness-1:9109, separated by commas")
    return value


def _is_host_of(text: str) -> bool:
    try:
        return bool(is_host(text[1:-1] if text.startswith("[") and text.endswith("]") else text))
    except ValueError:
        return False


def _is_node(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise ValueError("must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    return value


def _is_long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 16:
        raise ValueError("must be at least 16 characters long; openssl rand -hex 32 makes a good one")
    return value


class ShardSettings(Section):
    """``SHARD__…``: which part of the fleet this bridge reads, and who lets it."""

    count: Annotated[int, Field(ge=1, le=MOST_SHARDS)] = Field(1, description="bridges that share out the meters")
    index: Annotated[int, Field(ge=1, le=MOST_SHARDS)] | None = Field(None, description="which of them this one is")
    node: Annotated[str, AfterValidator(_is_node)] | None = Field(
        None, description="the machine's name: as whom this bridge holds the lease; the host name if unset"
    )
    witnesses: Annotated[str, AfterValidator(_are_addresses)] | None = Field(
        None, description="host:port of each witness that grants the lease, separated by commas; unset: no lease"
    )
    lease_s: Annotated[float, Field(ge=2, le=300, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        15.0, validation_alias="lease", description="how long a lease lasts that is not renewed"
    )
    secret: Annotated[SecretStr, AfterValidator(_is_long_enough)] | None = Field(
        None, description="shared by bridges and witnesses: what neither signs with it, the other does not hear"
    )
    drain_only: bool = Field(False, description="sends what waits in the data folder and reads no meter")

    @property
    def several(self) -> bool:
        """Whether the fleet is shared out at all."""
        return self.count > 1

    @property
    def number(self) -> int:
        """Which shard this is, from 1 on; 1 where the fleet is not shared out."""
        return self.index or 1

    @property
    def witness_addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each witness."""
        parts = (part.rpartition(":") for part in parts_of(self.witnesses))
        return tuple((host.strip("[]"), int(port)) for host, _, port in parts)
