"""``SECURITY.md``: every row of what an attacker can do names tests, and they are there and are run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def attacks() -> list[list[str]]:
    table = PAGE.partition("<!-- attacks: begin -->")[2].partition("<!-- attacks: end -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return rows[2:]


def test_every_row_says_who_tries_what_what_comes_of_it_and_which_tests_hold_it():
    rows = attacks()
    assert len(rows) > 20
    for row in rows:
        assert len(row) == 4, row
        _, tried, comes, tests = row
        assert tried, row
        assert comes, row
        assert re.fullmatch(r"`test_\w+`(, `test_\w+`)*", tests), row


def test_every_test_that_it_names_is_there_and_is_collected():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    folders = [str(path) for path in (ROOT / "tests").rglob("test_*.py") if _defines(path, named)]
    command = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *folders)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    collected = {re.sub(r"\[.*", "", line.rpartition("::")[2]) for line in done.stdout.splitlines() if "::" in line}
    assert named - collected == set(), done.stdout[-2000:] + done.stderr[-2000:]


def _defines(path: Path, names: set[str]) -> bool:
    return bool(names & set(re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))))


def test_every_port_and_user_of_the_stack_is_on_the_page():
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    ports = set(re.findall(r'ports: \["[^"]*:(\d+)"\]', compose))
    users = set(re.findall(r'user: "(\d+):', compose)) | {"10001"}
    assert len(ports) == 3
    assert [port for port in ports if f"TCP {port}" not in PAGE] == []
    assert [user for user in users if f"{user} " not in PAGE] == []
