"""What one run of the doctor found, as a whole. Holds; judges nothing but the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE

if TYPE_CHECKING:
    from bridge.cli.catalogue import Catalogue
    from bridge.cli.doctor.disk import OutboxFile
    from bridge.cli.doctor.finding import Finding
    from bridge.cli.doctor.meters import DirectMeters
    from bridge.cli.running_bridge import RunningBridge
    from bridge.configuration.load import Configuration


@dataclass(slots=True)
class Examination:
    """Everything that was found.

    Args:
        reading: the configuration.
        bridge: the running bridge and its report; None when none answers.
        outbox: what the outbox's file told.
        groups: findings by group, in the report's order.
        directly: the meters that were asked over our own connections.
    """

    reading: Configuration
    bridge: tuple[RunningBridge, dict[str, Any]] | None
    outbox: OutboxFile
    groups: dict[str, list[Finding]] = field(default_factory=dict)
    directly: DirectMeters | None = None

    @property
    def report(self) -> dict[str, Any] | None:
        """The running bridge's status report."""
        return self.bridge[1] if self.bridge else None

    @property
    def code(self) -> int:
        """The exit code."""
        if self.reading.problems:
            return UNUSABLE
        wrong = any(finding.sign == "bad" for findings in self.groups.values() for finding in findings)
        return SOMETHING_WRONG if wrong else ALL_WELL

    def plain(self, say: Catalogue) -> dict[str, Any]:
        """Return it as what JSON knows."""
        findings = [
            {"group": group.rpartition(".")[2], **finding.plain(say)}
            for group, found in self.groups.items()
            for finding in found
        ]
        return {"exit_code": self.code, "findings": findings}
