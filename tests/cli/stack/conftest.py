"""A project's folder, as a technician has it, and ``bridge stack`` run in it."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bridge.cli.stack.stack import StackCommand

TOP = Path(__file__).parents[3]
ENV = "METERS_FILE=/config/meters.csv\nTHINGSBOARD__HOST=tb.example\nTHINGSBOARD__TLS=true\nPOLL__INTERVAL=15\n"


@dataclass
class Project:
    """The folder, and what the command said last."""

    folder: Path
    said: str = ""

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def stack(self, shards: int, *, nodes=(), image="", is_encrypted=True, **environ: str) -> int:
        out = io.StringIO()
        command = StackCommand(environ, out, self.folder, shards=shards)
        code = command.write_stack(None, nodes=nodes, image=image, is_encrypted=is_encrypted)
        self.said = out.getvalue()
        return code

    def override(self, shards: int) -> int:
        out = io.StringIO()
        code = StackCommand({}, out, self.folder, shards=shards).write_override(None)
        self.said = out.getvalue()
        return code

    def yaml(self, name: str = "stack.yml"):
        return yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path) -> Project:
    """Twelve meters on ten connections, two tokens, one password apart, a user's own profile."""
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    for name in ("docker-compose.yml", "mosquitto", "prometheus", "grafana"):
        source, target = TOP / name, project.folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    project.write(".env", ENV)
    lines = [f"m{number},10.0.0.{min(number, 10)},{number}" for number in range(1, 13)]
    project.write("config/meters.csv", "\n".join(["name,host,server", *lines]) + "\n")
    project.write("config/profiles/own.toml", (TOP / "bridge/profiles/three_phase.toml").read_text())
    project.write("secrets/METERS__M1__PASSWORD", "pa$$word\n")
    for shard in (1, 2):
        project.write(f"secrets/shard-{shard}/THINGSBOARD__TOKEN", f"token-{shard}\n")
    return project
