"""A meter's own history as TOML: the ``[[load_profiles]]`` of a profile, made of what the meter has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.dlms.cosem_classes import WITH_SCALER
from bridge.dlms.obis_names import key_of, short_obis

if TYPE_CHECKING:
    from collections.abc import Collection

    from bridge.configuration.load_profile_entry import HistoryKind
    from bridge.dlms.history import HistoryLayout

_EVENT_LOG = re.compile(r"0\.\d+\.99\.98\.\d+\.255")


@dataclass(frozen=True, slots=True)
class FoundHistory:
    """A load profile or an event log that a meter has."""

    layout: HistoryLayout
    kind: HistoryKind

    @property
    def registers(self) -> list[str]:
        """Logical names of the registers that it captures."""
        return list(dict.fromkeys(one.logical_name for one in self.layout.columns if one.class_id in WITH_SCALER))

    @property
    def depth_s(self) -> int | None:
        """How far back it reaches when it is full, seconds; None where that is not known."""
        layout = self.layout
        return layout.capacity * layout.period_s if layout.capacity and layout.period_s else None


def history_of(layout: HistoryLayout) -> FoundHistory | None:
    """Return what a profile is; None for one that is neither, such as a billing period's, or that has no clock."""
    if layout.clock is None:
        return None
    if _EVENT_LOG.fullmatch(layout.logical_name):
        return FoundHistory(layout, "events") if layout.code is not None else None
    found = FoundHistory(layout, "intervals")
    return found if layout.period_s and found.registers else None


def load_profile_lines(found: FoundHistory, known: Collection[str]) -> list[str]:
    """Return the TOML of one history.

    Args:
        found: the history.
        known: logical names of the profile's registers, whose keys its columns take.
    """
    lines = ["[[load_profiles]]", f'obis = "{short_obis(found.layout.logical_name)}"']
    if found.kind == "events":
        return [*lines, 'kind = "events"']
    keys: dict[str, str] = {}
    for name in found.registers:
        if name not in known:
            key = key_of(name)
            if key in keys.values():  # registers that differ in group B alone would share it
                key = f"{key}_{name.replace('.', '_').removesuffix('_255')}"
            keys[short_obis(name)] = key
    if keys:
        lines.append("keys = { " + ", ".join(f'"{obis}" = "{key}"' for obis, key in keys.items()) + " }")
    return lines
