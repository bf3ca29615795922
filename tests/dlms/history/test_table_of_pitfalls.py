"""The table of pitfalls in tests/README.md names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_every_test_that_the_table_names_is_there():
    page = (TESTS / "README.md").read_text(encoding="utf-8")
    [table] = re.findall(r"## The pitfalls of load profiles\n(.*?)\n## ", page, re.DOTALL)
    named = re.findall(r"`(test_\w+)…?`", table)
    assert len([line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]) == 14
    written = "\n".join(file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py"))
    assert [name for name in named if f"def {name}" not in written] == []
