"""The doctor on ThingsBoard's REST API, where it is set: who we are there, and what the audit found last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.cli.doctor.finding import Finding, bad, good, left_out
from bridge.cli.duration import duration_text
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.configuration.settings import ThingsBoardSettings


def check_api(to: ThingsBoardSettings, report: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Yield whether the API answers with the login that is set, and what the running bridge's last audit found.

    Blocks: for a thread of its own.

    Args:
        to: where it is; without an address nothing is yielded.
        report: the running bridge's; None when none runs.
    """
    if to.api_url is None:
        return
    yield _login(to)
    audit = report.get("audit") if report is not None else None
    if audit is not None:
        yield _audit(audit)


def _login(to: ThingsBoardSettings) -> Finding:
    from bridge.thingsboard.rest import Rest  # noqa: PLC0415 - half a second of imports, for those who have an API

    try:
        with Rest(to) as rest:
            user, version = rest.get("/api/auth/user"), rest.get("/api/system/info")["version"]
    except (UpstreamError, KeyError, TypeError) as error:
        return bad("doctor.api.refused", "doctor.api.refused.fix", "upstream", str(error), url=to.api_url)
    if user.get("authority") != "TENANT_ADMIN":
        return bad("doctor.api.user", "doctor.api.refused.fix", "upstream", user=user.get("authority"))
    return good("doctor.api.well", version=version)


def _audit(audit: Mapping[str, Any]) -> Finding:
    if audit["failed_attempts"]:
        return bad("doctor.audit.failed", "doctor.audit.fix", "upstream", audit["why"], count=audit["failed_attempts"])
    if audit["ago_s"] is None:
        return left_out("doctor.audit.none_yet", "doctor.audit.fix")
    ago, values, missing = duration_text(audit["ago_s"]), audit["values"], audit["missing_values"]
    if missing:
        return bad("doctor.audit.lacks", "doctor.audit.lacks.fix", "upstream", ago=ago, values=values, missing=missing)
    return good("doctor.audit.whole", ago=ago, values=values)
