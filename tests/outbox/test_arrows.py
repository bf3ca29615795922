"""The outbox knows neither who gives samples nor who sends them."""

from __future__ import annotations

import ast
from pathlib import Path

from bridge import outbox

FORBIDDEN = ("bridge.delivery", "bridge.meters", "bridge.app", "bridge.commissioning", "bridge.health.metrics")


def imports(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def test_it_imports_neither_delivery_nor_meters():
    files = sorted(Path(outbox.__file__).parent.glob("*.py"))
    assert len(files) > 10
    found = {(file.name, name) for file in files for name in imports(file) if name.startswith(FORBIDDEN)}
    assert found == set()
