"""The mounts of one service of the compose file, as configs, secrets and volumes of Swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.cli.stack.swarm_service import UnknownInComposeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bridge.cli.stack.compose_file import Mapping
    from bridge.cli.stack.swarm_files import SwarmFiles

_FILES: Final = {
    "./mosquitto": ("start.sh", "mosquitto.conf", "acl", "neighbours.conf", "neighbours.acl"),
    "./prometheus": ("prometheus.yml", "rules/*.yml"),
    "./prometheus/alertmanager": ("start.sh",),
    "./grafana/start.sh": (),
    "./grafana/provisioning/datasources": ("*.yml",),
    "./grafana/provisioning/dashboards": ("*.yml",),
    "./grafana/dashboards": ("*.json",),
}
"""What of a folder the service needs; nothing for a file."""
_OWN_SECRETS: Final = ("./secrets/grafana", "./secrets/alertmanager")
_CHOSEN_ELSEWHERE: Final = ("./config", "./secrets")
"""Of these each service gets what it needs, one by one."""
_VOLUMES: Final = ("prometheus", "grafana", "alertmanager")
_OF_A_SHARD: Final = ("data", "credentials")
"""``data`` belongs to the bridge alone, ``credentials`` come as a secret: nothing is shared by a volume, so that the
two services of a shard may be on two nodes."""


class SwarmMounts:
    """Collects them.

    Args:
        files: the stack's.
        top: the project's folder.
        user: whom secrets are for.
        made: a folder whose files are taken instead of those of the same name.
    """

    def __init__(self, files: SwarmFiles, top: Path, user: int, made: Path | None = None) -> None:
        self._files, self._top, self._user, self._made = files, top, user, made
        self._configs: list[Mapping] = []
        self._secrets: dict[str, Mapping] = {}
        self.kept: list[str] = []
        """The volumes."""

    def add(self, volumes: Sequence[str | Mapping]) -> None:
        """Add the mounts of the compose file.

        Raises:
            UnknownInComposeError: there is one that nobody decided about.
        """
        for volume in volumes:
            source, target = self._ends(volume)
            if source in _VOLUMES:
                self.kept.append(f"{source}:{target}")
            elif source in _OWN_SECRETS:
                self._own_secrets(source, target)
            elif source in _FILES:
                self._folder(source, target)
            elif source not in (*_CHOSEN_ELSEWHERE, *_OF_A_SHARD):
                raise UnknownInComposeError(f"volume {source}")

    def configuration(self, ca_file: str, *, profiles: bool) -> None:
        """Add what is needed of ``./config``: the authority's certificate, a user's own profiles."""
        if ca_file.startswith("/config/"):
            self.config(self._top / ca_file.removeprefix("/"), ca_file)
        for file in sorted((self._top / "config" / "profiles").glob("*.toml")) if profiles else ():
            self.config(file, f"/config/profiles/{file.name}")

    def config(self, file: Path, target: str) -> None:
        """Add a file that everybody may see."""
        self._configs.append(self._files.config(file, target))

    def secret(self, file: Path, target: str = "") -> None:
        """Add a file for the service's user alone: in ``/run/secrets`` under its name, or where ``target`` says."""
        self._secrets[target or file.name] = self._files.secret(file, target or file.name, self._user)

    @property
    def has_secrets(self) -> bool:
        """Whether there is any secret."""
        return bool(self._secrets)

    @property
    def mounted(self) -> Mapping:
        """What stands in the service."""
        both: dict[str, Any] = {"configs": self._configs, "secrets": list(self._secrets.values())}
        return {name: mounts for name, mounts in both.items() if mounts}

    @staticmethod
    def _ends(volume: str | Mapping) -> tuple[str, str]:
        if isinstance(volume, str):
            source, target, *_ = volume.split(":")
            return source, target
        return volume["source"], volume["target"]

    def _own_secrets(self, source: str, target: str) -> None:
        folder = self._top / source
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            self.secret(file, f"{target}/{file.name}")

    def _folder(self, source: str, target: str) -> None:
        patterns = _FILES[source]
        if not patterns:
            self.config(self._top / source, target)
        for pattern in patterns:
            for file in sorted((self._top / source).glob(pattern)):
                inside = file.relative_to(self._top / source)
                made = self._made / inside if self._made else file
                self.config(made if made.is_file() else file, f"{target}/{inside.as_posix()}")
