"""The figures that people read are those of the committed JSON."""

from __future__ import annotations

import json

import pytest

from tests.bench import table


@pytest.mark.parametrize(("file", "made"), [(table.REPORT, table.table), (table.README, table.summary)])
def test_what_was_measured_is_shown_and_nothing_else(file, made):
    results = json.loads(table.MEASURED.read_text())
    assert table.between(file.read_text()) == made(results), "run `python -m tests.bench.table`"


def test_the_table_is_put_between_the_marks_and_nothing_else_changes():
    before = f"one\n{table.BEGIN}\nold\n{table.END}\ntwo\n"
    after = table.put(before, "| new |")
    assert after == f"one\n{table.BEGIN}\n\n| new |\n\n{table.END}\ntwo\n"
    assert table.between(after) == "| new |"
