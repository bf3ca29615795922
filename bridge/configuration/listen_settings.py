"""``LISTEN__…``: where meters and modems call that connect by themselves, and how much of that is borne.

A port that anybody on the network reaches: every bound here keeps a stranger from filling memory or disk.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bridge.configuration.field_types import DECIMAL_COMMA, Host, Port
from bridge.configuration.section import Section


class ListenSettings(Section):
    """``LISTEN__…``. Without a port nobody can call."""

    port: Port | None = Field(None, description="TCP port that meters call; nobody listens when unset")
    host: Host = "0.0.0.0"
    udp: bool = Field(False, description="the same port for datagrams, one message in each")
    connections: Annotated[int, Field(ge=1, le=100_000)] = 500
    per_address: Annotated[int, Field(ge=1, le=100_000)] = Field(50, description="connections from one address")
    kb_per_second: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        64, description="kilobytes a second that are read from one address; more waits there"
    )
    messages_per_second: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        50, description="messages a second that are taken from one address; more waits there"
    )
    memory_mb: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        32, description="megabytes of what came and is not on disk yet, of all callers together"
    )
    idle_s: Annotated[float, Field(ge=5, le=604_800, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        600.0, validation_alias="idle", description="seconds after which a caller that says nothing is hung up on"
    )
