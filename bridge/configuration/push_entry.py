"""What a meter pushes, as a profile names it: a value whose body says neither scaler nor key, or not even its code."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bridge.dlms.obis_names import logical_name


class PushEntry(BaseModel):
    """One ``[[pushes]]`` of a profile. Their order is that of bodies that hold values alone.

    Args:
        obis: of the object, ``1-0:1.8.0``.
        key: telemetry key; unset is the profile's register with that code, or else a name made of the code.
        class_id: interface class of the object; 3 is Register, 1 Data.
        attribute: which attribute of it.
        scaler: power of ten that the value stands under where neither the body nor the meter says it.
        unit: of the value, where neither says it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    obis: str
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    class_id: Annotated[int, Field(ge=1, le=0xFFFF)] = Field(3, alias="class")
    attribute: Annotated[int, Field(ge=1, le=127)] = 2
    scaler: Annotated[int, Field(ge=-128, le=127)] | None = None
    unit: Annotated[str, Field(max_length=32)] = ""

    @field_validator("obis")
    @classmethod
    def _is_obis(cls, value: str) -> str:
        logical_name(value)
        return value

    @property
    def logical_name(self) -> str:
        """Six groups with dots."""
        return logical_name(self.obis)
