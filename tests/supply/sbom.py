"""The bill of materials of the image's Python part: CycloneDX 1.6, JSON, with each package's licence.

    uv run python -m tests.supply.sbom sbom.json

installs what ``uv.lock`` pins for the image into a folder of its own, as the Dockerfile does, and has ``cyclonedx-py``
write down what lies there, licences from the packages' own metadata, and hold it against CycloneDX's schema. The same
lock gives the same file. The Debian packages of the image and the other three images are not in it (``README.md``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPECIFICATION = "1.6"


def find_uv() -> str | None:
    """Return uv's path: on PATH, or where ``tests/run`` put it; None when it is nowhere."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dlms-bridge-tests"
    return shutil.which("uv", path=os.pathsep.join((os.environ.get("PATH", os.defpath), str(cache / "uv" / "bin"))))


def write_sbom(file: Path) -> None:
    """Write the bill of materials.

    Raises:
        FileNotFoundError: there is no uv here.
        subprocess.CalledProcessError: a package cannot be had, or the file would break CycloneDX's schema.
    """
    uv = find_uv()
    if uv is None:
        raise FileNotFoundError("uv is not installed: https://docs.astral.sh/uv/")
    with tempfile.TemporaryDirectory(prefix="sbom-") as folder:
        environment = Path(folder) / "venv"
        subprocess.run(
            (uv, "sync", "--frozen", "--no-dev", "--no-install-project", "--quiet", "--python", sys.executable),
            cwd=ROOT,
            env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment)},
            check=True,
        )
        subprocess.run(
            (
                Path(sys.executable).with_name("cyclonedx-py"), "environment", "--spec-version", SPECIFICATION,
                "--output-format", "JSON", "--output-reproducible", "--validate", "--mc-type", "application",
                "--pyproject", ROOT / "pyproject.toml", "--output-file", file.absolute(), environment,
            ),
            cwd=folder,
            check=True,
        )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.supply.sbom FILE")
    write_sbom(Path(sys.argv[1]))
