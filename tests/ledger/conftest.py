"""What the tests of the ledger's books share."""

from __future__ import annotations

import pytest

from tests.ledger.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path)
    yield made
    made.store.close()
