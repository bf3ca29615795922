"""Files as Swarm hands them to a container: configs, and secrets.

Neither can be changed once it is there. So each has a version in its name, and a changed file is another one: a
config's is made of its content, a secret's of the moment it was written, because even a short hash would help who
guesses.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from os.path import relpath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.cli.stack.compose_file import Mapping

_LONGEST_NAME: Final = 64


class SwarmFiles:
    """What a stack hands to its containers.

    Args:
        folder: where the stack file lies: paths in it count from there.
        top: the project's folder, for names that say where a file comes from.
    """

    def __init__(self, folder: Path, top: Path) -> None:
        self._folder, self._top = folder, top
        self.configs: Mapping = {}
        self.secrets: Mapping = {}

    def config(self, file: Path, target: str) -> Mapping:
        """Return the mount of ``file`` at ``target``, for everybody in the container to read."""
        version = blake2b(file.read_bytes(), digest_size=4).hexdigest()
        return {"source": self._keep(self.configs, file, version), "target": target, "mode": 0o444}

    def secret(self, file: Path, target: str, user: int) -> Mapping:
        """Return the mount of ``file`` for ``user`` alone; ``target`` is a path, or a name in ``/run/secrets``."""
        version = f"{int(file.stat().st_mtime):x}"
        source = self._keep(self.secrets, file, version)
        return {"source": source, "target": target, "uid": str(user), "gid": str(user), "mode": 0o400}

    def _keep(self, kept: Mapping, file: Path, version: str) -> str:
        plain = re.sub("[^A-Za-z0-9_.-]+", "-", relpath(file, self._top)).strip("-.")
        name = f"dlms_{plain[-(_LONGEST_NAME - len(version) - 6) :]}_{version}"
        path = relpath(file, self._folder)
        kept[name] = {"name": name, "file": path if path.startswith(".") else f"./{path}"}
        return name
