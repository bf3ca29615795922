"""What a container of a written stack would find: its variables and files, for the bridge's own loader to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.stack.conftest import Project


def as_docker_reads(value: str) -> str:
    return value.replace("$$", "$")


def inside(project: Project, service: str, root: Path) -> dict[str, str]:
    """Put the configs and secrets of ``service`` below ``root`` and return its variables."""
    document = project.yaml()
    stated = document["services"][service]
    for kind, folder in (("configs", root), ("secrets", root / "run" / "secrets")):
        for mount in stated.get(kind, ()):
            file = project.folder / document[kind][mount["source"]]["file"]
            target = root / mount["target"].lstrip("/") if mount["target"].startswith("/") else folder / mount["target"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return {name: as_docker_reads(value) for name, value in stated.get("environment", {}).items()}


def settings_of(project: Project, shard: int, root: Path):
    """The settings of the bridge of ``shard``, as it would load them in its container."""
    environ = inside(project, f"bridge-{shard}", root)
    environ["SHARD__NODE"] = environ["SHARD__NODE"].replace("{{.Node.Hostname}}", "node-1")
    for name in ("METERS_FILE", "PROFILES_DIR"):
        if name in environ:
            environ[name] = str(root / environ[name].lstrip("/"))
    return load(environ, root / "run" / "secrets")
