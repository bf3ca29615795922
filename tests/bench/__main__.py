"""All of the figures of the tables, in one command: ``python -m tests.bench [--quick] [--json FILE] [--readme]``.

Takes about nine minutes, ``--quick`` four. Prints the table, and writes the JSON that they are made of.
Nothing here passes or fails. What drains, starts and wears has benchmarks of its own beside this.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import sysconfig
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import first_sample, fleet, reads, table
from tests.bench.load import allow_files, files_allowed

if TYPE_CHECKING:
    from typing import Any

SPARE_FILES = 200
DOCKERFILE = Path(__file__).parents[2] / "bridge" / "Dockerfile"


def machine() -> dict[str, Any]:
    """What it was measured on."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return {
        "processors": len(names),
        "processor": names[0] if names else platform.machine(),
        "python": platform.python_version(),
        "build": f"{platform.python_compiler()}, {_how_built()}",
        "image": image_python(),
    }


def _how_built() -> str:
    """Whether this Python was built with what its own measurements say (PGO), as the image's is: a fifth faster.

    Debian's is, but keeps the flags of its shared library, which is not (``debian/rules``: target ``profile-opt``).
    """
    if Path("/etc/debian_version").exists() and sysconfig.get_config_var("prefix") == "/usr":
        return "Debian's, optimised"
    return (
        "optimised" if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "") else "not optimised"
    )


def image_python() -> str:
    """The version of Python that the image runs."""
    [*_, last] = re.findall(r"^FROM python:([\d.]+)", DOCKERFILE.read_text(), re.MULTILINE)
    return last


def fleets(meters: int, converters: int) -> dict[str, fleet.Fleet]:
    """The fleets of the table."""
    return {
        "lists": fleet.Fleet(meters),
        "singly": fleet.Fleet(meters, lists=False),
        "converters": fleet.Fleet(meters, behind=converters),
    }


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of it all: to see that it runs, not to quote")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--readme",
        action="store_true",
        help="keep the JSON beside this, and write the tables and the README's sentence",
    )
    arguments = parser.parse_args()
    quick = arguments.quick
    meters, converters, seconds = (500, 25, 12.0) if quick else (10_000, 500, 45.0)
    allow_files(min(files_allowed(), meters + SPARE_FILES))
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "reads": reads.compare(3 if quick else 7, 0.1 if quick else 0.5),
        "first_sample_s": statistics.median(first_sample.measure() for _ in range(2 if quick else 7)),
        "fleets": {name: fleet.measure(one, seconds) for name, one in fleets(meters, converters).items()},
    }
    print(table.table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.readme:
        table.MEASURED.write_text(json.dumps(results, indent=1) + "\n")
        table.write(results)


if __name__ == "__main__":
    main()
