"""What a witness needs of the settings: the secret and the length of the lease, whatever else is set or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.load import read
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.configuration.shard_settings import ShardSettings

_NEEDED = ("SHARD__SECRET", "SHARD__LEASE")


def shard_and_secret(environ: Mapping[str, str]) -> tuple[ShardSettings, bytes]:
    """Return the settings of the shard, and the secret.

    Raises:
        ConfigError: they cannot be used.
    """
    found = read(environ)
    if problems := [problem for problem in found.problems if problem.startswith(_NEEDED)]:
        raise ConfigError(problems)
    shard = found.settings.shard
    if shard.secret is None:
        raise ConfigError(["SHARD__SECRET: missing; a witness hears only those who have its secret"])
    return shard, shard.secret.get_secret_value().encode()
