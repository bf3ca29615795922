"""Durations as commands say them; the same as the page's, and made there."""

from bridge.health.duration import duration_text, short_duration_text

__all__ = ["duration_text", "short_duration_text"]
