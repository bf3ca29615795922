"""What doctor and status say of ThingsBoard's REST API and of the audit, where the API is set."""

from __future__ import annotations

import random
from dataclasses import asdict

import pytest

from bridge.cli.catalogue import Catalogue
from bridge.cli.doctor.api import check_api
from bridge.cli.status.delivery_rows import audit_rows
from bridge.configuration.settings import ThingsBoardSettings
from bridge.thingsboard.state import AuditState
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_api import ApiKey, User
from tests.thingsboard.rest_server import KEY, RestServer
from tests.thingsboard.server import ThingsBoard

ROWS = {
    "whole": (AuditState(90.0, 500), "good", "all 500 values"),
    "lacks": (AuditState(90.0, 500, 3), "bad", "lacks 3 of 500 values"),
    "none_yet": (AuditState(None), "none", "none yet"),
    "failed": (AuditState(90.0, 500, 0, 2, "no answer"), "bad", "no answer"),
}


@pytest.fixture
def server():
    with RestServer(ThingsBoard(Behaviour(), rng=random.Random(1))) as running:
        yield running


def findings(server, report=None, key=KEY):
    return list(check_api(ThingsBoardSettings(api_url=server.url, api_key=key), report))


def test_where_no_api_is_set_nothing_is_said():
    assert list(check_api(ThingsBoardSettings(), {"audit": None})) == []
    assert list(audit_rows(None, Catalogue("en"))) == []


def test_the_login_is_tried_and_the_version_said(server):
    (found,) = findings(server)
    assert (found.sign, found.text(Catalogue("en"))) == ("good", "the REST API takes the login; ThingsBoard 4.3.1.3")


def test_a_login_that_is_refused_or_too_small_is_said(server):
    (found,) = findings(server, key="tb_of-somebody-else")
    assert (found.sign, found.key) == ("bad", "doctor.api.refused")
    assert "tb_of-somebody-else" not in str(found.plain(Catalogue("en")))
    server.behaviour.keys.append(ApiKey("tb_of-a-customer", User("c@example.com", "p", authority="CUSTOMER_USER")))
    (found,) = findings(server, key="tb_of-a-customer")
    assert (found.sign, found.key) == ("bad", "doctor.api.user")


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_last_audit_is_said_by_both(server, name, language):
    row, sign, said = ROWS[name]
    say = Catalogue(language)
    _, finding = findings(server, {"audit": asdict(row)})
    assert (finding.key, finding.sign) == (f"doctor.audit.{name}", sign)
    assert finding.remedy(say) or sign == "good"
    ((_, shown),) = audit_rows(asdict(row), say)
    text = shown if isinstance(shown, str) else shown[0]
    assert isinstance(shown, tuple) == (sign == "bad")
    assert finding.text(say)
    if language == "en":
        assert said in text


def test_an_older_bridge_says_nothing_of_an_audit(server):
    assert len(findings(server, {"version": "0.0.9"})) == 1
