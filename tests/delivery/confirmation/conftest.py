"""A confirmation by marks, before its first session and in the midst of one."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.marks import Marks
from tests.delivery.confirmation.marking import FIRST, mark


@pytest.fixture
def marks() -> Marks:
    return Marks(first=FIRST)


@pytest.fixture
def flowing(marks) -> Marks:
    """A session whose first mark was written and came back at 0."""
    marks.up(0)
    assert mark(marks, 0) == []
    return marks
