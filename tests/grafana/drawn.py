"""Dashboards drawn by Grafana's own components in Chromium, and what a person reads there."""

import colorsys
import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fakes.programs import CACHE, find_program, missing

SOURCE = Path(__file__).parent / "browser"
DASHBOARDS = Path(__file__).parents[2] / "grafana/dashboards"
WIDTH_PX, HEIGHT_PX = 1366, 660
PICTURES = os.environ.get("DLMS_TEST_PICTURES", "")
"""Folder for a picture of every dashboard in every scene; none by default."""


def packages() -> Path:
    """Return the folder with Grafana's packages, which ``tests/run`` installs once for each set of versions."""
    versions = hashlib.sha256((SOURCE / "package.json").read_bytes()).hexdigest()[:12]
    found = CACHE / f"browser-{versions}" / "node_modules"
    if not (found.parent / "complete").exists():
        missing("Grafana's packages are not here; tests/run installs them where npm can be had")
    return found


@dataclass(frozen=True)
class Drawn:
    """One panel as it was drawn."""

    said: dict[str, Any]

    @property
    def text(self) -> str:
        """What stands in it, on one line."""
        return " ".join(self.said["text"].split())

    @property
    def colours(self) -> list[str]:
        """The colours of its tiles."""
        return [colour_of(tile["ground"]) for tile in self.said["tiles"]]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its table, without the head."""
        return [[cell["text"] for cell in row] for row in self.said["rows"] if row]

    def cell(self, text: str) -> dict[str, str]:
        """Return the cell with ``text``."""
        return next(cell for row in self.said["rows"] for cell in row if cell["text"] == text)

    @property
    def bands(self) -> dict[str, list[str]]:
        """The words of its timeline, by series, from left to right."""
        words: dict[str, list[str]] = {}
        for band in self.said["bands"]:
            words.setdefault(band["series"], []).append(band["says"])
        return words


class Studio:
    """Draws dashboards.

    Args:
        folder: for the bundle.
    """

    def __init__(self, folder: Path) -> None:
        self._node, self._chromium = find_program("node"), find_program("chromium")
        installed = packages()
        self._work = folder / "browser"
        shutil.copytree(SOURCE, self._work)
        (self._work / "node_modules").symlink_to(installed)
        self._run("build.mjs", "bundle")

    def draw(
        self,
        dashboard: str,
        port: int,
        *,
        meters: tuple[str, ...] = (),
        height_px: int = HEIGHT_PX,
        name: str = "",
        picture: Path | None = None,
    ) -> "Page":
        """Draw the file ``dashboard`` from the Prometheus on ``port``.

        Args:
            dashboard: its name in grafana/dashboards.
            port: of Prometheus, on 127.0.0.1.
            meters: those that are chosen; none for all.
            height_px: of the first screen.
            name: of the pictures that DLMS_TEST_PICTURES asks for: of the first screen and of the whole.
            picture: where the first screen is written besides.
        """
        if picture is None and PICTURES:
            picture = Path(PICTURES).absolute() / f"{name}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
        asked = {
            "bundle": "bundle",
            "chromium": self._chromium,
            "prometheus": port,
            "dashboard": str(DASHBOARDS / dashboard),
            "meters": meters,
            "width": WIDTH_PX,
            "height": height_px,
            "picture": str(picture or ""),
            "whole": str(picture.with_stem(f"{name}-whole")) if picture and name else "",
        }
        return Page(json.loads(self._run("draw.mjs", json.dumps(asked))))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._node, *arguments], cwd=self._work, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


class Page:
    """A dashboard as it was drawn."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    @cached_property
    def panels(self) -> dict[str, Drawn]:
        """Its panels by title."""
        return {panel["title"]: Drawn(panel) for panel in self.said["panels"]}

    @property
    def first_screen(self) -> dict[str, Drawn]:
        """Those that are seen without scrolling."""
        return {title: panel for title, panel in self.panels.items() if panel.said["bottom"] <= HEIGHT_PX}


def colour_of(ground: str) -> str:
    """Return the name of the first colour in a CSS ground."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", ground.partition("rgb")[2])[:3])
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < 0.15:
        return "grey"
    return next(
        name
        for least, name in ((280, "red"), (180, "blue"), (80, "green"), (20, "orange"), (0, "red"))
        if hue * 360 >= least
    )
