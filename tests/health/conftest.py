"""What health's tests share."""

import pytest

from tests.health.plant import Plant


@pytest.fixture
def plant():
    return Plant()
