"""The shape of the house: files that fit in a head, one name for one thing, arrows that point down and never round."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST = 300
RUNBOOK = ROOT / "prometheus" / "runbook.md"


def python_files(*tops: str):
    for top in tops or [entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")]:
        yield from (ROOT / top).rglob("*.py")


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_no_file_is_longer_than_300_lines():
    lines = {named(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert len(lines) > 300, "they are found"
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_no_two_public_classes_have_one_name():
    files = defaultdict(list)
    for file in python_files("bridge"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(named(file))
    assert len(files) > 100, "they are found"
    assert {name: where for name, where in files.items() if len(where) > 1} == {}


def test_arrows_point_down_and_never_round():
    """Import-linter says which rule of ``pyproject.toml`` broke, and by which import of which line."""
    command = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run(
        [command, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[ended.stdout.find("Broken contracts") :] + ended.stderr


def test_the_readme_fits_and_leads_nowhere_in_vain():
    """Links and anchors of every README and of the runbook, and the files that they name in backticks."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "bridge").glob("*.md"),
        *(ROOT / "mosquitto" / "neighbours").glob("*.md"),
        *(ROOT / "tests").rglob("README.md"),
        RUNBOOK,
    ]
    in_vain = [
        f"{named(page)}: {link}"
        for page in pages
        for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8"))
        if not _leads_somewhere(page, link)
    ]
    tour = ROOT / "bridge" / "README.md"
    in_vain += [
        f"{named(tour)}: {path}"
        for path in re.findall(r"`([\w./]+\.(?:py|yml|md))`", tour.read_text(encoding="utf-8"))
        if not any((ROOT / "bridge").rglob(path)) and not (tour.parent / path).exists()
    ]
    assert in_vain == []


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not anchor or not target.is_file():
        return target.exists()
    heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}


def test_nobody_but_the_clock_room_asks_for_the_time_of_day():
    asking = re.compile(r"\btime\.time(_ns)?\b|(?<!Date)\.now\(|\butcnow\b|\.today\(|CLOCK_REALTIME|\bfrom time import")
    found = [
        f"{named(file)}:{number}"
        for file in python_files("bridge")
        if named(file) != "bridge/clock/machine.py"
        and not named(file).startswith("bridge/demo/")  # a meter has its own
        and named(file) != "bridge/thingsboard/dashboard/scripts.py"  # JavaScript, for a browser
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if asking.search(line)
    ]
    assert found == []


def test_the_top_level_stays_as_it_is():
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # Without a repository, an archive's folder: what lies there was handed out.
    names = listed.stdout.split("\n") if listed.returncode == 0 else [entry.name for entry in ROOT.iterdir()]
    tops = {name.partition("/")[0] for name in names if name}
    assert {name for name in tops if not name.startswith(".")} == {
        "CHANGELOG.md", "LICENSE", "README.es.md", "README.md", "SECURITY.md", "bridge", "docker-compose.yml",
        "grafana", "mosquitto", "prometheus", "pyproject.toml", "tests", "uv.lock",
    }  # fmt: skip
