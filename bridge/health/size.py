"""A size as people say it; it reads the same in both languages."""

from __future__ import annotations


def size_text(size_bytes: float) -> str:
    """Return ``size_bytes`` in the unit that fits, to two digits or more: ``3.1 MB``, ``79 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 999.5:
            return f"{size_bytes:.0f} {unit}" if unit == "B" or size_bytes >= 9.95 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"
