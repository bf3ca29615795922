"""What a shard's containers get of ``.env`` and of ``./secrets``: what is everybody's, and its own meters' alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.cli.stack.compose_file import escaped
from bridge.configuration.variables import METERS, Unknown, is_secret, understand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from bridge.configuration.variables import Key

TOKEN: Final = "THINGSBOARD__TOKEN"  # noqa: S105 - the name of the setting
_THE_STACKS_OWN: Final = frozenset(
    ("BROKER__HOST", "BROKER__PORT", "BROKER__CREDENTIALS_FILE", "DATA_DIR", "HEALTH__HOST", "HEALTH__PORT",
     "METERS_FILE", "PROFILES_DIR", "SECRETS_DIR", "THINGSBOARD__PROVISION_NAME")
)  # fmt: skip
_OF_A_DRAIN: Final = (
    "CLOCK__", "LANG", "LOG__", "OUTBOX__", "THINGSBOARD__CONFIRM", "THINGSBOARD__DEVICE_TYPE", "THINGSBOARD__HOST",
    "THINGSBOARD__MODE", "THINGSBOARD__PORT", "THINGSBOARD__TLS", "TZ",
)  # fmt: skip
_OF_THE_WHOLE_MACHINE: Final = ("TZ", "LANG")


@dataclass(frozen=True, slots=True)
class ShardEnvironment:
    """The variables of ``.env`` and the files of ``./secrets``.

    Args:
        variables: what ``.env`` says.
        secrets: the folder.
    """

    variables: Mapping[str, str]
    secrets: Path

    @property
    def exposed(self) -> list[str]:
        """The variables that hold a secret: a stack file is no place for one."""
        return sorted(name for name, value in self.variables.items() if value and _is_secret(name))

    def of_bridge(self, meters: Collection[str]) -> dict[str, str]:
        """Return the variables of the bridge that reads ``meters``, as Docker is to read them."""
        return {
            name: escaped(value)
            for name, value in self.variables.items()
            if value and (name in _OF_THE_WHOLE_MACHINE or _concerns(name, meters))
        }

    def of_drain(self) -> dict[str, str]:
        """Return the variables of what sends from a data folder, through the shard's own broker, and reads no meter."""
        own = {name: value for name, value in self.of_bridge(()).items() if name.upper().startswith(_OF_A_DRAIN)}
        # Only the broker needs it; without any the settings would not be whole.
        return {TOKEN: "the-brokers-own", **own} if "THINGSBOARD__HOST" in own else own

    @property
    def goes_through_mosquitto(self) -> bool:
        """Whether samples go through the shard's broker, so that somebody else can send by it, too."""
        return self.variables.get("THINGSBOARD__VIA", "").lower() != "direct"

    def filled(self, environment: Mapping[str, str | None]) -> dict[str, str]:
        """Return a service's variables of the compose file; those without a value from ``.env``, or not at all."""
        given = {name: self.variables.get(name, "") for name, value in environment.items() if value is None}
        stated = {name: value for name, value in environment.items() if value}
        return {**stated, **{name: escaped(value) for name, value in given.items() if value}}

    def secret_files(self, shard: int, meters: Collection[str]) -> Iterator[Path]:
        """Yield the files for the bridge of ``shard`` that reads ``meters``."""
        for folder in (self.secrets, self.secrets / f"shard-{shard}"):
            for file in sorted(folder.iterdir()) if folder.is_dir() else ():
                if file.is_file() and _concerns(file.name, meters):
                    yield file

    def token_file(self, shard: int) -> Path | None:
        """Return the file with the token of ``shard``, if there is one with something in it."""
        file = self.secrets / f"shard-{shard}" / TOKEN
        return file if file.is_file() and file.read_bytes().strip() else None


def _key(name: str) -> Key | None:
    key = understand(name)
    return None if isinstance(key, Unknown) else key


def _is_secret(name: str) -> bool:
    key = _key(name)
    return name == "GRAFANA_ADMIN_PASSWORD" or (key is not None and is_secret(key))


def _concerns(name: str, meters: Collection[str]) -> bool:
    """Return whether ``name`` is a setting of every bridge, or of one of ``meters``, given in lower case."""
    key = _key(name)
    if key is None or name.upper() in _THE_STACKS_OWN or name.upper().startswith("SHARD__"):
        return False
    return key[0] != METERS or key[1] in meters
