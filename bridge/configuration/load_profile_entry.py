"""A meter's own history as a profile names it: which load profile or event log, and what becomes of its columns."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bridge.dlms.obis_names import logical_name

HistoryKind = Literal["intervals", "events"]

USUAL_STATUS: Final = {
    0: "error",
    1: "clock invalid",
    2: "data not valid",
    3: "daylight saving",
    5: "clock adjusted",
    7: "power down",
}
"""Bits of a load profile's status as most makers have them; bit 6 means "recovered" with one, nothing with others."""

_Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]


class LoadProfileEntry(BaseModel):
    """One ``[[load_profiles]]`` of a profile.

    Args:
        obis: of the Profile generic object, ``1-0:99.1.0``.
        kind: ``intervals``, rows of registers at every period; or ``events``, rows of a time and a code.
        keys: OBIS code of a captured column → telemetry key, without the ``lp_`` that is put before it. A column that
            is not here takes the key of the profile's register with that code; others are left out.
        period_s: seconds from one row to the next, where the meter does not say or says it wrongly; 0 believes it.
        status: bit → what it means, instead of the usual ones; a bit whose words are empty is passed over.
        codes: of events: code → what it means, before the standard's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    obis: str
    kind: HistoryKind = "intervals"
    keys: dict[str, _Key] = {}
    period_s: Annotated[int, Field(ge=0, le=31 * 86400)] = 0
    status: dict[Annotated[int, Field(ge=0, le=63)], str] = USUAL_STATUS
    codes: dict[Annotated[int, Field(ge=0, le=0xFFFFFFFF)], str] = {}

    @field_validator("obis")
    @classmethod
    def _is_obis(cls, value: str) -> str:
        logical_name(value)
        return value

    @field_validator("keys")
    @classmethod
    def _have_obis_codes_and_differ(cls, value: dict[str, str]) -> dict[str, str]:
        for obis in value:
            logical_name(obis)
        twice = sorted({key for key in value.values() if list(value.values()).count(key) > 1})
        if twice:
            raise ValueError(f"each key may appear once; twice: {', '.join(twice)}")
        return value

    @property
    def logical_name(self) -> str:
        """Six groups with dots."""
        return logical_name(self.obis)

    def key_of(self, column: str) -> str | None:
        """Return the key that is given here for a column, by its logical name; None where none is."""
        return next((key for obis, key in self.keys.items() if logical_name(obis) == column), None)
