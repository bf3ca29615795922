"""A process looked at from outside, by /proc: its CPU, its memory. And a page of metrics read as Prometheus does."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families


def cpu_s(pid: int) -> float:
    """CPU that the process has used so far, user and system, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory of the process now (``VmRSS``) or at its highest (``VmHWM``), megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith(field))
    return int(kilobytes) * 1024 / 1e6


class Page:
    """One scrape of ``/metrics``.

    Args:
        port: the bridge's health port on loopback.
    """

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        # Series of single meters are many and not looked at here.
        wanted = "\n".join(line for line in text.splitlines() if 'meter="' not in line)
        self._samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(wanted + "\n")
            for sample in family.samples
        }

    def value(self, name: str) -> float:
        """The value of a series without labels."""
        return self._samples[name, ()]

    def buckets(self, name: str) -> dict[float, float]:
        """The cumulative counts of a histogram without labels, by upper bound."""
        return {
            float(labels[0][1]): value
            for (series, labels), value in self._samples.items()
            if series == f"{name}_bucket" and len(labels) == 1
        }


def quantile(before: dict[float, float], after: dict[float, float], share: float) -> float:
    """Return the upper bound of the bucket that holds the quantile of what came between two pages."""
    came = {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}
    total = max(came.values(), default=0.0)
    return next((bound for bound, count in came.items() if total and count >= share * total), float("nan"))
