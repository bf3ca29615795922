"""A duration as people say it; it reads the same in both languages."""

from __future__ import annotations


def duration_text(seconds: float) -> str:
    """Return ``seconds`` to their two largest units: ``3 min 20 s``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest_s = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def short_duration_text(seconds: float) -> str:
    """Return ``seconds`` to the largest unit alone, rounded down: ``3 min``; for a column."""
    return " ".join(duration_text(seconds).split()[:2])
