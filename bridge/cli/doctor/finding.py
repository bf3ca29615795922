"""What the doctor finds: one line of the checklist, with its remedy. Holds and shows; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Sign, Terminal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Args:
        sign: ``good``; ``bad``: does not work; ``warn``: works and needs a look; ``none``: was not or cannot be judged.
        key: the sentence in the catalogue; it names the finding in JSON too.
        fix: the remedy's sentence; empty where there is nothing to do.
        stage: where it happened, in the error tree's words; empty where that says nothing.
        detail: what was seen, in English, as the log would say it.
        values: what the sentences are filled with; none of them a secret.
    """

    sign: Sign
    key: str
    fix: str = ""
    stage: str = ""
    detail: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, say: Catalogue) -> str:
        """Return the sentence."""
        return say(self.key, **self.values)

    def remedy(self, say: Catalogue) -> str:
        """Return the remedy; empty for none."""
        return say(self.fix, **self.values) if self.fix else ""

    def plain(self, say: Catalogue) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return {
            "sign": self.sign,
            "finding": self.key.removeprefix("doctor."),
            "text": self.text(say),
            "remedy": self.remedy(say),
            "stage": self.stage,
            "detail": self.detail,
            "values": {
                name: value if isinstance(value, int | float) else str(value) for name, value in self.values.items()
            },
        }


def good(key: str, /, **values: object) -> Finding:
    """Return a finding that all is well."""
    return Finding("good", key, values=values)


def bad(key: str, fix: str, stage: str = "", detail: str = "", /, **values: object) -> Finding:
    """Return a finding that something does not work."""
    return Finding("bad", key, fix, stage, detail, values)


def warn(key: str, fix: str = "", stage: str = "", detail: str = "", /, **values: object) -> Finding:
    """Return a finding that needs a look."""
    return Finding("warn", key, fix, stage, detail, values)


def left_out(key: str, fix: str = "", detail: str = "", /, **values: object) -> Finding:
    """Return what was not, or cannot be, judged."""
    return Finding("none", key, fix, "", detail, values)


def print_group(terminal: Terminal, say: Catalogue, group: str, findings: list[Finding]) -> None:
    """Write one group of findings, each with what was seen and its remedy."""
    terminal.say((say(group), "bold"))
    for finding in findings:
        terminal.wrap(["  ", terminal.sign(finding.sign), " "], finding.text(say))
        if finding.detail:
            terminal.wrap(["      "], (finding.detail, "dim"))
        if finding.fix:
            terminal.wrap(["      → "], finding.remedy(say))
