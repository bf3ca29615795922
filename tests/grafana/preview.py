"""Draw the README's picture anew: ``python -m tests.grafana.preview`` writes ``grafana/preview.png``.

A plant of three meters of which one is dead, as the tests draw it, from the first screen to the table of meters.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from loguru import logger

from tests.grafana.drawn import Studio
from tests.grafana.history import prometheus_of
from tests.grafana.scenes import SCENES

TO = Path(__file__).parents[2] / "grafana/preview.png"
HEIGHT_PX = 872

if __name__ == "__main__":
    logger.remove()
    scene = replace(SCENES["one dead"], gaps={"main": 0, "cellar": 0, "hall": 2})
    with tempfile.TemporaryDirectory() as folder, prometheus_of(scene, Path(folder)) as there:
        Studio(Path(folder)).draw("bridge.json", there.port, height_px=HEIGHT_PX, picture=TO)
