"""``HEALTH__…``: where the bridge says how it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from bridge.configuration.field_types import Host, Port, is_host
from bridge.configuration.section import Section


def _are_names(value: str) -> str:
    for name in filter(None, map(str.strip, value.split(","))):
        try:
            is_host(name)
        except ValueError:
            wrong = "must be names such as bridge.example.com, separated by commas: no http://, no port"
            raise ValueError(wrong) from None
    return value


class HealthSettings(Section):
    """``HEALTH__…``: where /metrics, /healthz, /readyz and /status are served."""

    host: Host = "127.0.0.1"
    port: Port = 9108
    fleet: bool = Field(False, description="durations of all meters together, not per meter: for thousands of meters")
    names: Annotated[str, AfterValidator(_are_names)] | None = Field(
        None, description="names, separated by commas, by which a browser may ask for it"
    )
    register_values: bool = Field(True, description="whether /metrics shows the values read, one series per register")

    @property
    def known_names(self) -> frozenset[str]:
        """The names, lower case."""
        return frozenset(name.strip().lower().rstrip(".") for name in (self.names or "").split(",") if name.strip())
