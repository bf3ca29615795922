"""Loads settings as a start does: from an environment, with no secrets unless a folder of them is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.configuration.load import load
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.configuration.settings import Settings

NOWHERE = Path("/nonexistent/secrets")
TB = {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "x"}


def load_with(secrets_dir: Path = NOWHERE, **environ: str) -> Settings:
    return load(environ, secrets_dir)


def problems(secrets_dir: Path = NOWHERE, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(environ, secrets_dir)
    return caught.value.problems
