"""The doctor on the session with ThingsBoard: token, answers, and who else uses the token.

ThingsBoard keeps one session a token, and a second one throws the first out. So the token is used from here only when
nothing of ours can have a session with it: while the broker says that its session stands, the broker is asked instead.
"""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bridge.cli.doctor.broker import STATE_TOPIC, BrokerSays, ask_broker
from bridge.cli.doctor.finding import Finding, bad, good, left_out, warn
from bridge.cli.doctor.reach import Unreached, context_of, error_text, port_of, reach, speaks_tls
from bridge.cli.mqtt_session import Refused, broker_session
from bridge.delivery import token_file
from bridge.delivery.mosquitto import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bridge.cli.mqtt_session import BrokerSession
    from bridge.configuration.settings import Settings, ThingsBoardSettings

_FENCE_S = 10.0
_LIMITS_S = 2.0
"""For a question that is answered at once or never."""
_WATCH_S = 3.0
"""How long our session must hold: a client thrown out by it comes back sooner than that."""
_RECENT_S = 60.0
_QUESTION = b'{"method":"getSessionLimits","params":{}}'
_ASK, _ANSWER = "v1/devices/me/rpc/request/", "v1/devices/me/rpc/response/"
_ATTRIBUTE_QUESTION = b'{"clientKeys":"bridge_mark"}'
_ASK_ATTRIBUTE, _ATTRIBUTE_ANSWER = "v1/devices/me/attributes/request/", "v1/devices/me/attributes/response/"


async def check_upstream(settings: Settings, broker: BrokerSays, report: Mapping[str, Any] | None) -> list[Finding]:
    """Check the way to ThingsBoard as far as it goes, and return the findings.

    Args:
        settings: where it is.
        broker: what the local broker said.
        report: the running bridge's; None when none runs.
    """
    to = settings.thingsboard
    if to.host is None:
        return [left_out("doctor.upstream.none")]
    findings: list[Finding] = []
    if report is not None and report["delivery"]["token_shared"]:
        findings.append(bad("doctor.upstream.shared", "doctor.upstream.shared.fix", "upstream"))
    try:
        findings.append(await reach(to))
        findings += await _session(settings, broker, report)
    except Unreached as end:
        findings.append(end.finding)
    return findings


def token_of(to: ThingsBoardSettings, data_dir: Path) -> str:
    """Return the access token: the given one, or the one in the data folder; empty when there is none."""
    if to.token is not None:
        return to.token.get_secret_value()
    return (token_file.kept(data_dir) or "") if to.uses_kept_token else ""


async def _session(settings: Settings, broker: BrokerSays, report: Mapping[str, Any] | None) -> list[Finding]:
    to = settings.thingsboard
    token = token_of(to, settings.data_dir)
    if not token and to.cert_file is None:
        if to.provision_key is None:
            return [bad("doctor.upstream.not_applied", "doctor.upstream.not_applied.fix", "upstream")]
        return [bad("doctor.upstream.no_token", "doctor.upstream.no_token.fix", "upstream")]
    if settings.via == "direct":
        return await _of_the_bridge(settings, token, report)
    if broker.upstream == "up":
        return await _through_broker(settings, broker, report)
    if broker.upstream == "unknown" and (broker.there or (report and report["delivery"]["upstream"] == "up")):
        return [left_out("doctor.upstream.not_tried")]
    findings = await _directly(settings, token)
    if broker.upstream == "none":
        findings.append(bad("doctor.broker.other_settings", "doctor.broker.other_settings.fix", "broker"))
    elif broker.upstream == "down" and all(finding.sign == "good" for finding in findings):
        findings.append(warn("doctor.broker.upstream_down", "doctor.broker.upstream_down.fix", "upstream"))
    return findings


async def _of_the_bridge(settings: Settings, token: str, report: Mapping[str, Any] | None) -> list[Finding]:
    """Where the bridge itself speaks to ThingsBoard: as it says, or with its token where it has no session."""
    if report is None:
        return await _directly(settings, token)
    if report["delivery"]["upstream"] == "up":
        return [good("doctor.upstream.direct", way=report["delivery"]["way"])]
    findings = await _directly(settings, token, while_the_bridge_tries=True)
    if all(finding.sign == "good" for finding in findings):
        why = report["delivery"]["upstream_why"]
        findings.append(warn("doctor.upstream.direct_down", "doctor.upstream.direct_down.fix", "upstream", why))
    return findings


async def _through_broker(settings: Settings, broker: BrokerSays, report: Mapping[str, Any] | None) -> list[Finding]:
    """Ask the way that the bridge's own questions go."""
    user, password = broker.credentials
    findings = [good("doctor.upstream.session")]
    number = secrets.randbelow(1 << 31)
    async with broker_session(
        settings.broker.where, settings.broker.port, name=f"dlms-bridge-doctor-{number}", user=user, password=password
    ) as one:
        one.subscribe(STATE_TOPIC, f"{PREFIX}{_ANSWER}+", f"{PREFIX}{_ATTRIBUTE_ANSWER}+")
        await one.message(STATE_TOPIC, 1.0)  # the retained one
        if settings.thingsboard.confirm != "puback":
            recent = report is not None and (report["delivery"]["last_confirmed_ago_s"] or _RECENT_S) < _RECENT_S
            findings += await _answers(one, PREFIX, number, settings.thingsboard, proven=recent)
        else:
            findings.append(left_out("doctor.upstream.no_fence"))
        changed = await one.message(STATE_TOPIC, _WATCH_S)
    if changed is not None:
        findings.append(bad("doctor.upstream.shared", "doctor.upstream.shared.fix", "upstream"))
    return findings


async def _directly(settings: Settings, token: str, *, while_the_bridge_tries: bool = False) -> list[Finding]:
    to = settings.thingsboard
    host, port = to.host or "", port_of(to)
    where = f"{host}:{port}"
    try:
        async with broker_session(
            host, port, name=f"dlms-bridge-doctor-{secrets.token_hex(4)}", user=token, tls=context_of(to)
        ) as one:
            findings = [good("doctor.upstream.token")]
            if to.confirm != "puback":
                one.subscribe(f"{_ANSWER}+", f"{_ATTRIBUTE_ANSWER}+")
                findings += await _answers(one, "", secrets.randbelow(1 << 31), to, proven=False)
            else:
                findings.append(left_out("doctor.upstream.no_fence"))
            thrown_out = await one.ends(_WATCH_S)
    except Refused as refusal:
        if refusal.is_about_credentials:
            fix = _remedy(to)
            return [bad("doctor.upstream.refused", fix, "upstream", str(refusal), name=to.provision_name)]
        return [
            bad("doctor.upstream.unwilling", "doctor.upstream.unwilling.fix", "upstream", str(refusal), where=where)
        ]
    except TimeoutError:
        return [bad("doctor.upstream.no_mqtt", "doctor.upstream.no_mqtt.fix", "upstream", where=where)]
    except OSError as error:
        if not to.tls and await speaks_tls(host, port):
            return [bad("doctor.upstream.speaks_tls", "doctor.upstream.speaks_tls.fix", "upstream", where=where)]
        said = error_text(error)
        return [bad("doctor.upstream.no_mqtt", "doctor.upstream.no_mqtt.fix", "upstream", said, where=where)]
    if settings.via == "direct":
        thrown_out = thrown_out and not while_the_bridge_tries  # it took its session back
    elif thrown_out:
        thrown_out = not await _came_back(settings)
    if thrown_out:
        findings.append(bad("doctor.upstream.shared", "doctor.upstream.shared.fix", "upstream"))
    return findings


def _remedy(to: ThingsBoardSettings) -> str:
    """What to do about a token that is refused; it depends on whence it came."""
    if to.token is not None:
        return "doctor.upstream.refused.fix"
    return "doctor.upstream.not_applied.fix" if to.provision_key is None else "doctor.upstream.refused.provisioned"


async def _came_back(settings: Settings) -> bool:
    """Return whether it was our own broker that took its session back, and has kept it since."""
    broker = await ask_broker(settings.broker)
    if broker.upstream != "up":
        return False
    user, password = broker.credentials
    name = f"dlms-bridge-doctor-{secrets.token_hex(4)}"
    async with broker_session(
        settings.broker.where, settings.broker.port, name=name, user=user, password=password
    ) as one:
        one.subscribe(STATE_TOPIC)
        await one.message(STATE_TOPIC, 1.0)  # the retained one
        return await one.message(STATE_TOPIC, _WATCH_S) is None


async def _answers(
    one: BrokerSession, local: str, number: int, to: ThingsBoardSettings, *, proven: bool
) -> list[Finding]:
    """Ask ThingsBoard for an attribute, which every version answers, and for its limits, which 3.9 and later do.

    Args:
        one: the session to ask in.
        local: what stands before the topics of answers.
        number: of the questions.
        to: how ThingsBoard is used.
        proven: whether the bridge itself had an answer just now: then silence means that others wait before ours.
    """
    began_s = time.perf_counter()
    one.publish(f"{_ASK_ATTRIBUTE}{number}", _ATTRIBUTE_QUESTION)
    if await one.message(f"{local}{_ATTRIBUTE_ANSWER}{number}", _FENCE_S) is None:
        if proven:
            return [good("doctor.upstream.fence_recent")]
        if one.ended.done():
            return []  # reported by its own finding
        return [bad("doctor.upstream.fence_silent", "doctor.upstream.fence_silent.fix", "upstream")]
    milliseconds = round((time.perf_counter() - began_s) * 1000)
    findings = [good("doctor.upstream.fence", milliseconds=milliseconds)]
    one.publish(f"{_ASK}{number}", _QUESTION)
    answer = await one.message(f"{local}{_ANSWER}{number}", _LIMITS_S)
    if answer is None:
        findings.append(left_out("doctor.upstream.no_limits"))
    elif to.mode == "gateway" and "gatewayRateLimits" not in _parsed(answer):
        findings.append(warn("doctor.upstream.no_gateway", "doctor.upstream.no_gateway.fix", "upstream"))
    return findings


def _parsed(answer: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        said = json.loads(answer)
        if isinstance(said, dict):
            return said
    return {}
