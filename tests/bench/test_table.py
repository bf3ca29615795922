"""The README's figures are those of the committed JSON, and a reader can see where they stand."""

from __future__ import annotations

import json

from tests.bench import table


def test_the_readme_shows_what_was_measured_and_nothing_else():
    results = json.loads(table.MEASURED.read_text())
    assert table.between(table.README.read_text()) == table.table(results), (
        "the table is not what `python -m tests.bench.table` makes of tests/bench/measured.json"
    )


def test_the_table_is_put_between_the_marks_and_nothing_else_changes():
    before = f"one\n{table.BEGIN}\nold\n{table.END}\ntwo\n"
    after = table.put(before, "| new |")
    assert after == f"one\n{table.BEGIN}\n\n| new |\n\n{table.END}\ntwo\n"
    assert table.between(after) == "| new |"
