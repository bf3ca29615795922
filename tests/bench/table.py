"""The measured tables and the README's sentence, made of a benchmark's JSON: ``python -m tests.bench.table``.

Writes them between two marks in ``tests/bench/README.md`` and in ``README.md``. A test holds both to the JSON that is
committed beside this file, so that no figure gets there by hand.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

TOP = Path(__file__).parents[2]
README = TOP / "README.md"
REPORT = Path(__file__).with_name("README.md")
MEASURED = Path(__file__).with_name("measured.json")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(results: dict[str, Any]) -> str:
    """Return the tables of the figures in ``results``, see ``__main__.py``; without the marks."""
    return "\n".join([_machine(results), "", *_reads(results["reads"]), "", *_fleets(results)])


def _machine(results: dict[str, Any]) -> str:
    machine = results["machine"]
    built = f" ({machine['build']})" if "build" in machine else ""
    image = f"; the image runs {machine['image']}" if machine.get("image", "") not in machine["python"] else ""
    return (
        f"Medians on {machine['processors']} processors ({machine['processor']}), Python {machine['python']}{built}"
        f"{image}, {results['date']}, everything on loopback. CPU is user and system time of the reading process."
    )


def _reads(reads: dict[str, Any]) -> list[str]:
    heads = ("gurux-dlms", "bridge, one meter", "50 meters at once", "floor, one and 50", "requests for ten registers")
    lines = [f"| CPU per register, µs | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for row in reads.values():
        cpu, factor = row["cpu_us"], row["factor"]
        lines.append(
            f"| {row['title']} | {cpu['gurux']:.0f} | {cpu['alone']:.1f} (1/{factor['alone']:.1f}) "
            f"| {cpu['fleet']:.1f} (1/{factor['fleet']:.1f}) | {_floors(cpu)} | {row['round_trips']:g} |"
        )
    plain = reads["hdlc"]
    user = plain["user_us"]
    kernel = {name: cpu - user[name] for name, cpu in plain["cpu_us"].items()}
    told = (
        f"Of the first row, sending, receiving and waking up, the kernel's part, take {kernel['gurux']:.0f}, "
        f"{kernel['alone']:.0f} and {kernel['fleet']:.0f} µs. Without them it is {user['gurux']:.0f}, "
        f"{user['alone']:.0f} and {user['fleet']:.1f} µs."
    )
    ends = (
        "Fifty connections that are always busy are the best case: one wake-up serves many. One connection is the "
        "other end: each answer wakes the process by itself. In service, where cycles begin together and answers come "
        "when they come, it lies between. *Floor*: the same bytes sent and received on the same event loop, nothing "
        "decoded, nothing checked; what is ciphered never repeats, so it has none."
    )
    return [*lines, "", ends, "", told]


def _floors(cpu: dict[str, float]) -> str:
    return f"{cpu['floor_alone']:.1f}, {cpu['floor']:.1f}" if "floor" in cpu else "–"  # noqa: RUF001 - a dash


def _fleets(results: dict[str, Any]) -> list[str]:
    fleets = list(results["fleets"].values())
    first_s = results["first_sample_s"]
    rows = [
        ("connections", lambda one: f"{one['connections']:,}"),
        ("requests per cycle of ten registers", lambda one: f"{one['requests_a_cycle']:.3g}"),
        ("CPU, share of a core", lambda one: f"{one['cpu_share'] * 100:.0f} %"),
        ("meters per core, extrapolated from that", lambda one: f"{one['meters_a_core']:,.0f}"),
        ("memory", lambda one: f"{one['memory_mb']:.0f} MB"),
        ("memory per meter", lambda one: f"{one['memory_kb_a_meter']:.0f} kB"),
        ("lateness of cycles, seen by the meters, p50", lambda one: _seconds(one["seen"]["p50_s"])),
        ("p99", lambda one: _seconds(one["seen"]["p99_s"])),
        ("worst", lambda one: _seconds(one["seen"]["max_s"])),
        ("p99 while the others still associate", lambda one: _seconds(one["ramp"]["p99_s"])),
        ("all associated after", lambda one: _seconds(one["ramp_s"])),
        ("event loop lag, worst", lambda one: _seconds(one["loop_lag_max_s"])),
        ("outbox commits", lambda one: f"{one['commits_per_s']:.1f}/s"),
        ("samples at a subscriber of the broker, p99 old", lambda one: _seconds(one["delay_p99_s"])),
    ]
    heads = [f"{one['meters']:,} meters every {one['interval_s']:g} s{_kind(one)}" for one in fleets]
    lines = [f"| one bridge | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(fleets)}"]
    lines += [f"| {title} | {' | '.join(text(one) for one in fleets)} |" for title, text in rows]
    return [*lines, "", f"Process start to the first sample at the broker, one meter: {first_s:.2f} s."]


def _kind(one: dict[str, Any]) -> str:
    return ", converters" if one["connections"] < one["meters"] else "" if one["lists"] else ", without lists"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def summary(results: dict[str, Any]) -> str:
    """Return what the README says of ``results``; without the marks."""
    reads, fleet = results["reads"], next(iter(results["fleets"].values()))
    plain, lists, ciphered = (reads[name]["cpu_us"] for name in ("hdlc", "hdlc_list", "hdlc_ciphered"))
    return (
        f"A register over HDLC takes {plain['alone']:.0f} µs of CPU, against {plain['gurux']:.0f} µs with gurux-dlms "
        f"alone; in a list {lists['alone']:.1f} against {lists['gurux']:.0f}; ciphered {ciphered['alone']:.0f} against "
        f"{ciphered['gurux']:.0f}.\nOne bridge reads {fleet['meters']:,} meters every {fleet['interval_s']:g} s, ten "
        f"registers each, with {fleet['cpu_share'] * 100:.0f} % of a core and {fleet['memory_mb']:.0f} MB; cycles are "
        f"late by {_seconds(fleet['seen']['p99_s'])} (p99)."
    )


def write(results: dict[str, Any]) -> None:
    """Put the figures where people read them."""
    REPORT.write_text(put(REPORT.read_text(), table(results)))
    README.write_text(put(README.read_text(), summary(results)))


def between(text: str) -> str:
    """Return what stands between the marks in ``text``.

    Raises:
        ValueError: a mark is missing. Put both into the file.
    """
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[begin:end].strip("\n")


def put(text: str, made: str) -> str:
    """Return ``text`` with ``made`` between the marks.

    Raises:
        ValueError: as :func:`between`.
    """
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:begin]}\n\n{made}\n\n{text[end:]}"


def main() -> None:
    """Read the JSON and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=MEASURED)
    arguments = parser.parse_args()
    write(json.loads(arguments.file.read_text()))


if __name__ == "__main__":
    main()
