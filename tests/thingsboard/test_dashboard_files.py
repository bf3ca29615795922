"""The dashboard's committed files are what the generator writes."""

from __future__ import annotations

import pytest

from bridge.thingsboard.dashboard.__main__ import FOLDER, files


@pytest.mark.parametrize("name", files())
def test_a_committed_dashboard_is_the_generators(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == files()[name], "python -m bridge.thingsboard.dashboard"
