"""Writes the dashboard as files, to be imported by hand: ``python -m bridge.thingsboard.dashboard [FOLDER]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from bridge.thingsboard.dashboard.dashboard import dashboard
from bridge.thingsboard.dashboard.words import LANGUAGES

FOLDER: Final = Path(__file__).parent


def files() -> dict[str, str]:
    """Return each file's text by its name."""
    return {
        f"electricity-meters.{language}.json": json.dumps(dashboard(language, "meter"), ensure_ascii=False, indent=1)
        + "\n"
        for language in LANGUAGES
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
