"""The settings of each folder that is drained: ``{shard}`` in a value stands for the number of each shard in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.configuration.load import load, read
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.configuration.settings import Settings

PLACE: Final = "{shard}"


def settings_of_folders(environ: Mapping[str, str]) -> list[Settings]:
    """Return the settings of each shard's folder; of the one folder where ``{shard}`` stands nowhere in ``DATA_DIR``.

    No meter is needed: none is read.

    Raises:
        ConfigError: they cannot be used.
    """
    given = {name: value for name, value in environ.items() if not name.upper().startswith("METERS")}
    given["SHARD__DRAIN_ONLY"] = "true"
    if PLACE not in given.get("DATA_DIR", ""):
        return [load(given)]
    count = read(given | {"SHARD__INDEX": "1"}).settings.shard.count
    folders, problems = [], []
    for number in range(1, count + 1):
        own = {name: value.replace(PLACE, str(number)) for name, value in given.items()}
        try:
            folders.append(load(own | {"SHARD__INDEX": str(number)}))
        except ConfigError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise ConfigError(problems)
    return folders
