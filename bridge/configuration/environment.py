"""Collects what the environment and Docker's secrets give. Reads no other file, judges no value.

A secret is a file named like the variable whose value it holds, in Docker's own folder or in the one that SECRETS_DIR
names. Environment and secret together are fine while they say the same; when they differ, that is a mistake and neither
wins.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.configuration.source_values import SourceValue, SourceValues, why
from bridge.configuration.variables import METERS, Key, Unknown, is_secret, understand

if TYPE_CHECKING:
    from collections.abc import Mapping

METER_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
METER_NAME_RULE: Final = "a meter's name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"
"""It becomes an MQTT topic level and a metric's label."""


def collect(environ: Mapping[str, str], secrets_dir: Path) -> SourceValues:
    """Return what ``environ`` and the files of secrets give, every name understood or named as a mistake.

    Args:
        environ: the variables.
        secrets_dir: where Docker's own secrets lie; ``SECRETS_DIR`` may name one more such folder.
    """
    found = SourceValues()
    for typed, value in sorted(environ.items()):  # Docker Compose hands them over in another order each time
        key = _understand(found, typed)
        if key:
            _add(found, key, typed, "environment", value)
    further = environ.get("SECRETS_DIR")
    for file in (*_secret_files(found, secrets_dir), *(_secret_files(found, Path(further)) if further else ())):
        key = _understand(found, file.name)
        if key:
            _add_secret(found, key, file)
    return found


def _understand(found: SourceValues, typed: str) -> Key | None:
    key = understand(typed)
    if isinstance(key, Unknown):
        found.problems.append(key.problem)
        if key.meant:
            found.tried.add(key.meant)
        return None
    if key and key[0] == METERS and len(key) > 1 and not METER_NAME.fullmatch(key[1]):
        problem = f"{typed}: {METER_NAME_RULE}"
        if (METERS, key[1]) not in found.tried:  # once per meter, not once per variable
            found.reject((METERS, key[1]), problem)
        return None
    return key


def _add(found: SourceValues, key: Key, typed: str, source: str, value: str) -> None:
    own_name = typed.rpartition("__")[2]
    value = value if is_secret(key) else value.strip()
    given = SourceValue(prefix=typed[: len(typed) - len(own_name)], name=own_name, source=source, value=value)
    found.add(key, given)
    if value and key[0] == METERS:
        found.meter_names.setdefault(key[1], key[1])
        if source == "environment" and not is_secret(key):  # a password may complete a meter of the fleet's file
            found.meter_places.setdefault(key[1], given)


def _secret_files(found: SourceValues, secrets_dir: Path) -> list[Path]:
    try:
        return sorted(file for file in secrets_dir.iterdir() if file.is_file())
    except FileNotFoundError:
        return []  # a container without secrets has no such folder
    except (OSError, ValueError) as error:
        found.problems.append(
            f"{secrets_dir}: the secrets cannot be listed: {why(error)}; the bridge's user needs the right to"
        )
        return []


def _add_secret(found: SourceValues, key: Key, file: Path) -> None:
    try:
        # The newline that an editor or echo leaves at the end is not meant.
        value = file.read_bytes().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        found.reject(key, f"{file}: must be UTF-8 text")
    except OSError as error:
        found.reject(key, f"{file}: cannot be read: {why(error)}; the bridge's user needs the right to")
    else:
        _add(found, key, file.name, str(file), value)
