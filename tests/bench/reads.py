"""What a read costs, ours against gurux-dlms: ``python -m tests.bench.reads [--rounds N] [--json FILE]``.

CPU (user and system) of the reading process alone, a register. The simulated meters are another process on another
processor. The readers take turns in the same run:

``gurux``   one meter after the other over a blocking socket, as its own sample reader does;
``alone``   the bridge's session and link with one meter: the loop sleeps and wakes once a request;
``fleet``   the same with 50 meters at once: one wake-up serves many, the saturated best case. In service it lies
            between the two: cycles begin together, and answers come when they come;
``floor``   the bytes of ``alone`` and ``fleet`` sent and received on the same loop, and nothing done with them.

The kernel's part, sending and receiving on loopback, is in all of them; ``user`` is what remains without it. Figures
are medians over the rounds, factors those of medians. Round trips are counted by the meters. Nothing here passes or
fails.
"""

from __future__ import annotations

import argparse
import json
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.answers import REGISTERS, VERSIONS
from tests.bench.rounds import LOAD_CPU, READER_CPU, REPEATING_CYCLES, ROWS, Child, Commanded, Row

if TYPE_CHECKING:
    from typing import Any

FLEET = 50
READERS = {
    "gurux": ("tests.bench.reader_gurux", 1),
    "alone": ("tests.bench.reader_bridge", 1),
    "fleet": ("tests.bench.reader_bridge", FLEET),
    "floor_alone": ("tests.bench.reader_floor", 1),
    "floor": ("tests.bench.reader_floor", FLEET),
}
"""By name: the module, and how many meters it reads at once."""
FIRST_CYCLES = 24


def measure(row: Row, readers: dict[str, Commanded], rounds: int, seconds: float) -> dict[str, Any]:
    """Measure one row: microseconds a register by reader, and round trips a cycle."""
    cpu_us: dict[str, list[float]] = {name: [] for name in readers}
    user_us: dict[str, list[float]] = {name: [] for name in readers}
    trips: dict[str, float] = {}
    scalers: dict[str, int] = {}
    options = ["--framing", row.framing, "--meters", str(FLEET), *(["--ciphered"] if row.ciphered else [])]
    with Child("tests.bench.load", *options, cpu=LOAD_CPU) as load:
        port = load.hear()["port"]
        for _ in range(rounds):
            for name, reader in readers.items():
                if row.ciphered and name.startswith("floor"):
                    continue  # what is ciphered never goes out twice
                meters = READERS[name][1]
                reader.associate(row, port, meters)
                first = reader.read(FIRST_CYCLES)
                cycles = max(FIRST_CYCLES, int(seconds / first["wall_s"] * FIRST_CYCLES))
                cycles -= cycles % REPEATING_CYCLES
                load.tell("clear")
                answer = reader.read(cycles)
                counts = load.tell("counts")
                reader.release()
                judge(answer["values"], counts, cycles * meters)
                registers = cycles * meters * len(REGISTERS)
                cpu_us[name].append(answer["cpu_s"] / registers * 1e6)
                user_us[name].append(answer["user_s"] / registers * 1e6)
                trips[name] = sum(counts[kind] for kind in ("gets", "lists", "scalers", "others")) / cycles / meters
                scalers[name] = counts["scalers"]
    medians = {name: statistics.median(times_us) for name, times_us in cpu_us.items() if times_us}
    users = {name: statistics.median(times_us) for name, times_us in user_us.items() if times_us}
    return {
        "title": row.title,
        "cpu_us": medians,
        "user_us": users,
        "factor": {name: medians["gurux"] / medians[name] for name in medians},
        "user_factor": {name: users["gurux"] / users[name] for name in users if users[name]},
        "round_trips": trips["alone"],
        "scalers_again": scalers["alone"],
        "rounds_cpu_us": cpu_us,
    }


def judge(values: list[float], counts: dict[str, int], cycles: int) -> None:
    """See that what was measured was reading.

    Raises:
        ValueError: a value is none that the meter has, or the meters saw something else than so many registers.
    """
    for register, value in zip(REGISTERS, values, strict=bool(values)):  # the floor decodes none
        if not any(abs(value - register.value(version)) < 1e-6 for version in range(VERSIONS)):
            raise ValueError(f"{register.key}: {value} is none of its values")
    if counts["registers"] != cycles * len(REGISTERS) or counts["out_of_order"] or counts["unknown"]:
        raise ValueError(f"{cycles} cycles of {len(REGISTERS)} registers became {counts}")


def compare(rounds: int, seconds: float, rows: tuple[Row, ...] = ROWS) -> dict[str, Any]:
    """Measure all rows, with all readers alive throughout."""
    with ExitStack() as alive:
        readers = {
            name: alive.enter_context(Commanded(module, cpu=READER_CPU)) for name, (module, _) in READERS.items()
        }
        return {row.key: measure(row, readers, rounds, seconds) for row in rows}


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    print(
        f"| CPU a register, us (user) | gurux-dlms | one meter | factor | {FLEET} meters | factor | floor, one "
        f"| floor, {FLEET} | requests a cycle |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in results.values():
        costs = {name: f"{cpu:.1f} ({one['user_us'][name]:.1f})" for name, cpu in one["cpu_us"].items()}
        factors = {
            name: f"{factor:.1f} ({one['user_factor'].get(name, 0):.1f})" for name, factor in one["factor"].items()
        }
        print(
            f"| {one['title']} | {costs['gurux']} | {costs['alone']} | {factors['alone']} "
            f"| {costs['fleet']} | {factors['fleet']} | {costs.get('floor_alone', '')} | {costs.get('floor', '')} "
            f"| {one['round_trips']:g} |"
        )


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="about so long a round of a reader")
    parser.add_argument("--rows", nargs="+", choices=[row.key for row in ROWS], help="only these")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = tuple(row for row in ROWS if not arguments.rows or row.key in arguments.rows)
    results = compare(arguments.rounds, arguments.seconds, rows)
    show(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
