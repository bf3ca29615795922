"""The configuration as the shards will see it, read from the project's folder, and what of it no stack could run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.cli.stack.shard_environment import TOKEN, ShardEnvironment
from bridge.configuration.load import read
from bridge.configuration.sharding import own_of
from bridge.configuration.variables import Unknown, understand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bridge.cli.catalogue import Catalogue

_IN_CONTAINER = "/config/"


class ShardReading:
    """What stands in ``.env``, ``config`` and ``secrets`` of a folder. The shell's variables count for nothing here.

    Args:
        folder: the project's.
        shards: how many there will be.
        say: how a problem is said.
    """

    def __init__(self, folder: Path, shards: int, say: Catalogue) -> None:
        self._say = say
        self._shards = shards
        self.environment = ShardEnvironment(_dotenv(folder / ".env"), folder / "secrets")
        given = {name: value for name, value in self.environment.variables.items() if _is_setting(name)}
        here = {name: _on_this_machine(value, folder) for name, value in given.items()}
        here |= {"SHARD__COUNT": str(shards), "SHARD__INDEX": "1", "BROKER__HOST": "mosquitto"}
        here |= {"SECRETS_DIR": str(folder / "secrets"), "PROFILES_DIR": str(folder / "config" / "profiles")}
        self.configuration = read(here, folder / "secrets" / "shard-1")
        fleet = self.configuration.fleet
        self.owners = {shard: [name.lower() for name in own_of(fleet, shards, shard)] for shard in range(1, shards + 1)}
        """The meters of each shard."""

    def problems_of_swarm(self) -> Iterator[str]:
        """Yield why no swarm could run on this."""
        yield from self._problems_of_both(kept_token_will_do=False)
        for name in self.environment.exposed:
            folder = "secrets/grafana" if name.startswith("GRAFANA") else "secrets"
            yield self._say("stack.exposed", name=name, file=f"{folder}/{name}")

    def problems_of_compose(self) -> Iterator[str]:
        """Yield why Compose could not run on this."""
        yield from self._problems_of_both(kept_token_will_do=True)

    def _problems_of_both(self, *, kept_token_will_do: bool) -> Iterator[str]:
        thingsboard = self.configuration.settings.thingsboard
        if not self.configuration.fleet:
            yield self._say("stack.no_meters")
        if thingsboard.cert_file:
            yield self._say("stack.certificate")
        if thingsboard.host is None or (kept_token_will_do and thingsboard.uses_kept_token):
            return
        owners: dict[bytes, int] = {}
        for shard in self.owners:
            file = self.environment.token_file(shard)
            if file is None:
                yield self._say("stack.no_token", file=f"secrets/shard-{shard}/{TOKEN}", shard=str(shard))
                continue
            first = owners.setdefault(file.read_bytes().strip(), shard)
            if first != shard:
                yield self._say("stack.same_token", one=str(first), other=str(shard))


def _dotenv(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - where there is no .env, it is not needed

    return {name: value or "" for name, value in dotenv_values(file, interpolate=False).items()}


def _is_setting(name: str) -> bool:
    """Return whether it is one of the bridge's, or a misspelt one, that is not fixed here."""
    key = understand(name)
    return key is not None and (isinstance(key, Unknown) or key[0] != "shard")


def _on_this_machine(value: str, folder: Path) -> str:
    """Return a path in the container as the path of the same file here."""
    return str(folder / value[1:]) if value.startswith(_IN_CONTAINER) else value
