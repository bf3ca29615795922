"""What is allowed in each setting, in words for a technician instead of pydantic's."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from bridge.configuration.variables import FIELDS

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


def rule(model: type[BaseModel], section: str, name: str, error: ErrorDetails) -> str:
    """Return the rule that the setting ``name`` breaks, by ``error``: ``must be a whole number from 1 to 9``."""
    if error["type"] == "value_error":  # our own validators say it themselves
        return error["msg"].removeprefix("Value error, ")
    seconds = FIELDS[section][name].endswith("_s") if section in FIELDS else False
    return f"must be {_allowed(_schemas(model)[name], seconds=seconds)}"


@cache
def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    properties: dict[str, Any] = model.model_json_schema()["properties"]
    return properties


def _allowed(schema: dict[str, Any], *, seconds: bool) -> str:
    for option in schema.get("anyOf", [schema]):
        if option.get("type") != "null":
            schema = option
            break
    if "enum" in schema:
        return f"one of {', '.join(str(value) for value in schema['enum'])}"
    kind = schema.get("type")
    if kind == "boolean":
        return "true or false"
    if kind in ("integer", "number"):
        what = "a whole number" if kind == "integer" else "a number of seconds" if seconds else "a number"
        return what + _range(schema)
    if "maxLength" in schema:
        return f"1 to {schema['maxLength']} characters"
    return "text"


def _range(schema: dict[str, Any]) -> str:
    top = f"{schema['maximum']:.15g}"
    if "minimum" in schema:
        return f" from {schema['minimum']:.15g} to {top}"
    return f" above {schema['exclusiveMinimum']:.15g}, up to {top}"
