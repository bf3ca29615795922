"""Known vulnerabilities of what ``uv.lock`` pins for the image: ``uv audit``, which asks OSV (https://osv.dev).

    uv run python -m tests.supply.vulnerabilities

============================================== ==== ==============================================================
what is found                                  exit why
============================================== ==== ==============================================================
nothing                                        0
one that a newer version ends                  1    it can be ended now: ``uv lock --upgrade-package NAME``
one that no version ends yet                   0    said, and no failure: nobody here could make it pass, and a check
                                                    that stays red for weeks is one that nobody looks at
the database cannot be asked                   3    said: nothing is known, and that is not the same as nothing
============================================== ==== ==============================================================
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.supply.sbom import find_uv

ROOT = Path(__file__).parents[2]
NONE_TO_END, ENDABLE, UNKNOWN = 0, 1, 3


def audited(*arguments: str) -> tuple[int, list[str]]:
    """Ask, and return the exit code with what there is to say, a line each.

    Args:
        arguments: more for ``uv audit``.
    """
    uv = find_uv()
    if uv is None:
        return UNKNOWN, ["vulnerabilities: not looked up: uv is not installed"]
    done = subprocess.run(
        (uv, "audit", "--frozen", "--no-dev", "--quiet", "--preview-features", "audit-command",
         "--output-format", "json", *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip() or "no answer").splitlines()[-1].strip()
        return UNKNOWN, [f"vulnerabilities: not looked up, the database cannot be asked: {reason}"]
    lines = [_line(one) for one in found]
    return (ENDABLE if any(one["fix_versions"] for one in found) else NONE_TO_END), lines


def _line(found: dict[str, Any]) -> str:
    package, fixed = found["dependency"], found["fix_versions"]
    what = f"{package['name']} {package['version']}: {found['display_id']}: {found['summary'] or 'no summary'}"
    if fixed:
        return f"{what} | ended by {', '.join(fixed)}: uv lock --upgrade-package {package['name']}"
    return f"{what} | no version ends it yet: {found['link']}"


if __name__ == "__main__":
    code, said = audited(*sys.argv[1:])
    print("\n".join(said or ["vulnerabilities: none known of what uv.lock pins for the image"]))
    sys.exit(code)
