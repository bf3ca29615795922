"""What ``uv.lock`` pins for the image on this machine, walked by hand, with no tool that is judged by it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parents[2]


def runtime_packages() -> dict[str, str]:
    """Return name and version of each package that the bridge needs, itself excluded."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = {package["name"]: package for package in lock["package"]}
    wanted, found = ["dlms-bridge"], {}
    while wanted:
        name = wanted.pop()
        for needed in packages[name].get("dependencies", []):
            applies = "marker" not in needed or Marker(needed["marker"]).evaluate()
            if applies and needed["name"] not in found:
                found[needed["name"]] = packages[needed["name"]]["version"]
                wanted.append(needed["name"])
    return found
