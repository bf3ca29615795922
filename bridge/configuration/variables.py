"""The variables' names, taken from the models, and what a misspelt one was meant to be.

A process has many variables that are not ours; only those that look like ours are reported as mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel, SecretStr

from bridge.configuration.section import Section
from bridge.configuration.settings import MeterSettings, Settings

Key: TypeAlias = tuple[str, ...]
"""Where a setting has its place: ``("data_dir",)``, ``("poll", "interval")``, ``("meters", "main", "port")``."""

METERS: Final = "meters"
_CLOSE_NAME = 0.85
_CLOSE_SECTION = 0.7
_CLOSE_FIELD = 0.6


def _names(model: type[BaseModel]) -> dict[str, str]:
    """Return each field's name for people (``interval``) with its name in the code (``interval_s``)."""
    return {
        info.validation_alias if isinstance(info.validation_alias, str) else name: name
        for name, info in model.model_fields.items()
    }


def section_models() -> dict[str, type[Section]]:
    """Return the sections (``POLL__…`` and so on) with their models, in the settings' order; meters are none."""
    fields = Settings.model_fields.items()
    return {
        name: info.annotation
        for name, info in fields
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
    }


_MODELS: Final[dict[str, type[Section]]] = {METERS: MeterSettings, **section_models()}
FIELDS: Final = {section: _names(model) for section, model in _MODELS.items()}
"""Every section's settings: name for people → name in the code."""
PLAIN: Final = tuple(name for name in _names(Settings) if name not in FIELDS)
"""The settings outside any section."""
KEYS: Final[dict[str, Key]] = {name.upper(): (name,) for name in PLAIN} | {
    f"{section}__{field}".upper(): (section, field)
    for section, fields in FIELDS.items()
    if section != METERS
    for field in fields
}
"""Every variable but the meters', with its key."""


def is_secret(key: Key) -> bool:
    """Return whether the value of ``key`` must never be shown."""
    return key[-1] in _SECRETS.get(key[0], ())


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


_SECRETS: Final = {
    section: tuple(
        public for public, field in FIELDS[section].items() if _holds_secret(model.model_fields[field].annotation)
    )
    for section, model in _MODELS.items()
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that looks like one of ours and is not.

    Args:
        problem: what to say about it; without the value, which may be a secret under a misspelt name.
        meant: the key that it was probably meant for, if any.
    """

    problem: str
    meant: Key | None = None


def understand(typed: str) -> Key | Unknown | None:
    """Return the key that the variable ``typed`` stands for; None when it is not ours."""
    name = typed.upper()
    if name in KEYS:
        return KEYS[name]
    section, double, field = name.partition("__")
    if section == METERS.upper() and double:
        return _meters_variable(typed)
    if double and section.lower() in FIELDS:
        return _suggest(typed, f"{section}__", field, FIELDS[section.lower()], (section.lower(),))
    return _stranger(typed, name)


def _meters_variable(typed: str) -> Key | Unknown:
    # The field is what follows the last double underscore, so a meter's name may contain one.
    head, _, field = typed.rpartition("__")
    meter = head[len(METERS) + 2 :]
    fields = FIELDS[METERS]
    if len(head) <= len(METERS):  # no meter's name: METERS__X, perhaps METERS__MAIN_HOST
        return _single_underscore(typed, field) or Unknown(
            f"{typed}: unknown setting; a meter's settings look like METERS__<NAME>__HOST"
        )
    if field.lower() in fields:
        return (METERS, meter.lower(), field.lower())
    return _suggest(typed, f"{head}__", field, fields, (METERS, meter.lower()))


def _single_underscore(typed: str, rest: str) -> Unknown | None:
    """Return the mistake of writing ``METERS__MAIN_HOST`` or ``METERS_MAIN_HOST``, if that is what it is."""
    for field in sorted(FIELDS[METERS], key=len, reverse=True):
        meter, end = rest[: -len(field) - 1], rest[-len(field) - 1 :]
        if meter.strip("_") and end.lower() == f"_{field}":
            meter = meter.strip("_")
            meant = f"{METERS}__{meter}__{field}".upper()
            return Unknown(f"{typed}: unknown setting; did you mean {meant}?", (METERS, meter.lower(), field))
    return None


def _suggest(typed: str, prefix: str, field: str, fields: dict[str, str], parent: Key) -> Unknown:
    close = get_close_matches(field.lower(), fields, n=1, cutoff=_CLOSE_FIELD)
    if close:
        meant = f"{prefix}{close[0].upper()}"
        return Unknown(f"{typed}: unknown setting; did you mean {meant}?", (*parent, close[0]))
    return Unknown(f"{typed}: unknown setting; {prefix}… has {', '.join(name.upper() for name in fields)}")


def _stranger(typed: str, name: str) -> Unknown | None:
    """Judge a name whose section is not ours: a typo, or another program's variable."""
    section, double, rest = name.partition("__")
    if double and "__" in rest and get_close_matches(section, [METERS.upper()], cutoff=_CLOSE_SECTION):
        meter, _, field = rest.rpartition("__")
        close = get_close_matches(field.lower(), FIELDS[METERS], n=1, cutoff=_CLOSE_FIELD)
        meant = f"{METERS.upper()}__{meter}__{close[0].upper() if close else field}"
        key = (METERS, meter.lower(), close[0]) if close else None
        return Unknown(f"{typed}: unknown setting; did you mean {meant}?", key)
    if section.startswith(("METER_", "METERS_")):
        mistake = _single_underscore(typed, name.partition("_")[2])
        if mistake:
            return mistake
    close = get_close_matches(name, KEYS, n=1, cutoff=_CLOSE_NAME)
    sections = get_close_matches(section, [known.upper() for known in FIELDS], n=1, cutoff=_CLOSE_SECTION)
    if not close and double and sections:
        close = get_close_matches(f"{sections[0]}__{rest}", KEYS, n=1, cutoff=_CLOSE_SECTION)
        if not close:
            return Unknown(f"{typed}: unknown setting; did you mean {sections[0]}__…?")
    return Unknown(f"{typed}: unknown setting; did you mean {close[0]}?", KEYS[close[0]]) if close else None
