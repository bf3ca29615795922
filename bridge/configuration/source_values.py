"""What was given and where: each value with the place where it was written, and the mistakes met on the way.

Nothing is judged here but what no setting may contain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.configuration.variables import Key, is_secret

_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class SourceValue:
    """One value as it was written.

    Args:
        prefix: what stands before the name: ``METERS__MAIN__`` as typed, or ``meters.csv:7: ``.
        name: the setting's own name as typed, such as ``PORT`` or a column's name.
        source: ``environment``, ``meters.csv:7``, or a secret's file.
        value: the text; it may be a secret, so it stays out of the representation.
    """

    prefix: str
    name: str
    source: str
    value: str = field(repr=False)

    @property
    def place(self) -> str:
        """Where it was written, to begin a line about it."""
        return self.prefix + self.name

    def beside(self, name: str) -> str:
        """Return how the setting ``name`` would be written in the same place."""
        return self.prefix + (name.upper() if self.name.isupper() else name)


@dataclass(slots=True)
class SourceValues:
    """All that was given, by key, and what was wrong with the writing of it.

    Args:
        values: what can be looked at further.
        problems: one line each.
        tried: keys that were given in a way that cannot be used; calling them missing as well would only repeat that.
        meter_names: the meters' names as they are written, by the lower-case form under which they are compared.
        meter_places: where each meter was first mentioned.
    """

    values: dict[Key, SourceValue] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    tried: set[Key] = field(default_factory=set)
    meter_names: dict[str, str] = field(default_factory=dict)
    meter_places: dict[str, SourceValue] = field(default_factory=dict)

    def add(self, key: Key, given: SourceValue) -> None:
        """Keep ``given`` under ``key``, unless it is empty, unusable, or contradicts what is there."""
        if not given.value:
            return
        if not _is_text(given.value):
            self.reject(key, f"{given.place}: must be plain UTF-8 text without control characters")
            return
        first = self.values.setdefault(key, given)
        if first.value != given.value:
            # Neither wins: the one that was not meant could go unnoticed, or lock a meter.
            self.reject(
                key,
                f"{given.place} ({given.source}): also given as {first.place} ({first.source}), and they differ; "
                "remove one",
            )

    def reject(self, key: Key, problem: str) -> None:
        """Note ``problem`` and that ``key`` cannot be used because of it."""
        self.problems.append(problem)
        self.tried.add(key)


def shown(key: Key, value: str) -> str:
    """Return ``value`` for a person to read: never a secret, never long, never what a terminal would act on."""
    if is_secret(key):
        return "<secret>"
    text = visible(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def visible(text: str) -> str:
    """Return ``text`` with everything escaped that a terminal would not show as it is."""
    return "".join(ch if ch.isprintable() else ascii(ch)[1:-1] for ch in text)


def why(error: Exception) -> str:
    """Return why a file could not be read, in the system's words."""
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _is_text(value: str) -> bool:
    # Bytes that are not UTF-8 reach the environment as lone surrogates.
    return not any(ch < " " or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in value)
