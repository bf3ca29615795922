"""Puts the settings together: collect, check each value, compare, and keep where everything came from.

A value that cannot be used is named and left out, so that the rest can still be checked: every mistake is found at
once, and ``bridge check`` can show what was understood. The bridge never runs on settings that have a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from bridge.configuration import contradictions, environment, fleet
from bridge.configuration.section import Section
from bridge.configuration.settings import MeterSettings, Settings
from bridge.configuration.sharding import own_of
from bridge.configuration.source_values import SourceValue, SourceValues, shown, visible
from bridge.configuration.variables import METERS, PLAIN, Key, section_models
from bridge.configuration.wording import rule
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bridge.configuration.meter import Meter

SECRETS_DIR = Path("/run/secrets")
"""Where Docker puts a container's secrets, one file each."""

S = TypeVar("S", bound=Section)
_UNKNOWN_HOST = "unknown"
_OF_CALLERS = ("caller_id", "logical_device_name", "meter_system_title")
_YES = ("1", "on", "t", "true", "y", "yes")  # as pydantic takes them


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was read.

    Args:
        settings: what could be understood; to be used only when there are no problems.
        problems: every mistake, one line each, without secrets.
        given: each value that was written, with its place.
        unusable: keys that somebody tried to give in a way that cannot be used; ``settings`` holds a stand-in.
        resolved: the meters as they will be read, their profiles applied; without those whose profile is unusable.
        fleet: the same of all shards together. ``settings`` and ``resolved`` have this shard's own meters alone.
    """

    settings: Settings
    problems: list[str]
    given: Mapping[Key, SourceValue]
    unusable: Collection[Key]
    resolved: Mapping[str, Meter]
    fleet: Mapping[str, Meter]


def load(environ: Mapping[str, str], secrets_dir: Path = SECRETS_DIR) -> Settings:
    """Return the settings that the environment, the secrets and ``METERS_FILE`` give together.

    Args:
        environ: the variables; names in any case. An empty value counts as unset.
        secrets_dir: folder whose files are named like variables and hold their values.

    Raises:
        ConfigError: every mistake at once, one line each, no secret in them. Print them and exit 2.
    """
    found = read(environ, secrets_dir)
    if found.problems:
        raise ConfigError(found.problems)
    return found.settings


def read(environ: Mapping[str, str], secrets_dir: Path = SECRETS_DIR) -> Configuration:
    """Read everything and find every mistake. Never raises because of what was written."""
    found = environment.collect(environ, secrets_dir)
    file = found.values.get(("meters_file",))
    if file:
        fleet.collect(Path(file.value), found)
    by_section = _by_section(found)
    plain = {name: Path(given.value) for name, given in by_section.get((), {}).items() if name in PLAIN}
    sections = {name: _validate(model, (name,), by_section, found) for name, model in section_models().items()}
    meters = {
        written: meter
        for name, written in found.meter_names.items()
        if (meter := _meter(name, by_section, found)) is not None
    }
    settings = Settings.model_validate({**plain, **sections, METERS: meters})
    resolved = contradictions.find(settings, found)
    own = own_of(settings.meters, settings.shard.count, settings.shard.number)
    return Configuration(
        settings=settings.model_copy(update={METERS: own}),
        problems=[visible(problem) for problem in found.problems],
        given=found.values,
        unusable=found.tried,
        resolved={name: resolved[name] for name in own if name in resolved},
        fleet=resolved,
    )


def _by_section(found: SourceValues) -> dict[Key, dict[str, SourceValue]]:
    grouped: dict[Key, dict[str, SourceValue]] = {}
    for key, given in found.values.items():
        grouped.setdefault(key[:-1], {})[key[-1]] = given
    return grouped


def _meter(name: str, by_section: dict[Key, dict[str, SourceValue]], found: SourceValues) -> MeterSettings | None:
    """Return the meter, or None when all that is known of it is a password."""
    key = (METERS, name)
    if name not in found.meter_places:
        if (METERS,) not in found.tried and (*key, "host") not in found.tried:
            for given in by_section.get(key, {}).values():
                found.problems.append(
                    f"{given.beside('host')}: missing; every meter needs one ({given.place} comes from {given.source})"
                )
        return None
    if (*key, "host") not in found.values and not _calls(key, found):
        if (*key, "host") not in found.tried:
            place = found.meter_places[name].beside("host")
            calls = any((*key, field) in found.values for field in _OF_CALLERS)
            or_calls = f", or {place.removesuffix('HOST')}DIAL_IN or PUSH_ONLY if it calls by itself" if calls else ""
            found.reject((*key, "host"), f"{place}: missing; every meter needs one{or_calls}")
        host = found.meter_places[name]
        by_section.setdefault(key, {})["host"] = SourceValue(host.prefix, "host", host.source, _UNKNOWN_HOST)
    return _validate(MeterSettings, key, by_section, found, {"host": _UNKNOWN_HOST})


def _calls(key: Key, found: SourceValues) -> bool:
    """Return whether the meter is one that calls by itself, or is meant to be: such a one needs no host."""
    if (*key, "via_caller") in found.values:
        return True
    given = (found.values.get((*key, field)) for field in ("dial_in", "push_only"))
    return any(one is not None and one.value.strip().lower() in _YES for one in given)


def _validate(
    model: type[S],
    section: Key,
    by_section: dict[Key, dict[str, SourceValue]],
    found: SourceValues,
    stand_ins: Mapping[str, Any] | None = None,
) -> S:
    """Return the section; a value that breaks its rule is reported, and its stand-in or default used instead."""
    given = by_section.get(section, {})
    values: dict[str, Any] = {name: item.value for name, item in given.items()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(item["loc"][0])
            key = (*section, name)
            broken = rule(model, section[0], name, item)
            found.reject(key, f"{given[name].place}={shown(key, given[name].value)}: {broken}")
            values.pop(name, None)
            if stand_ins and name in stand_ins:
                values[name] = stand_ins[name]
    return model.model_validate(values)
