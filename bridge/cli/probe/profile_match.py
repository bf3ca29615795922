"""Which profile fits a meter: the one with the largest share of its registers in the meter's object list. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.configuration.profile import load_profile, profile_names
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from bridge.configuration.profile import Profile

ENOUGH = 0.6
"""A profile is proposed only if the meter has at least this share of its registers."""


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """A profile and how many of its registers the meter has."""

    name: str
    profile: Profile
    there: int

    @property
    def of(self) -> int:
        """How many registers the profile reads."""
        return len(self.profile.registers)

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.there / self.of


def best_profile(
    there: Collection[tuple[int, str]], profiles_dir: Path | None, referencing: str = "ln"
) -> ProfileMatch | None:
    """Return the profile that fits best; None when none has a register that is there.

    Args:
        there: class and logical name of every object of the meter.
        profiles_dir: the user's own profiles. One that cannot be used is passed over: ``bridge check`` names it.
        referencing: how the meter is asked. A profile that proposes services of the other way cannot be used.

    Of two with the same share the one that reads more wins, and of those the user's own order by name.
    """
    matches = []
    for name in profile_names(profiles_dir):
        try:
            profile = load_profile(name, profiles_dir)
        except ConfigError:
            continue
        if profile.conformance and profile.referencing != referencing:
            continue
        count = sum((register.class_id, register.logical_name) in there for register in profile.registers)
        matches.append(ProfileMatch(name, profile, count))
    found = max(matches, key=lambda match: (match.share, match.there), default=None)
    return found if found is not None and found.there else None
