"""``bridge thingsboard`` against the double of ThingsBoard's REST: makes, compares, leaves alone, takes away."""

from __future__ import annotations

import argparse
import io
import json
import random
import stat

import pytest

from bridge.cli.thingsboard.thingsboard import ThingsBoardCommand
from bridge.delivery import token_file
from bridge.thingsboard.dashboard.__main__ import FOLDER, files
from bridge.thingsboard.dashboard.dashboard import dashboard
from bridge.thingsboard.tenant.alarm_rules import alarm_rules
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_api import ApiKey, User
from tests.thingsboard.rest_server import KEY, RestServer
from tests.thingsboard.server import ThingsBoard

RULES = ("No data", "Read failing", "Clock off", "Completeness low", "Voltage out of range", "Tamper")


class Tenant:
    def __init__(self, folder):
        self.model = ThingsBoard(Behaviour(), rng=random.Random(1))
        self.server = RestServer(self.model)
        self.store = self.server.api.store
        self.data = folder / "data"
        self.environ = {**self.server.environ(), "DATA_DIR": str(self.data)}

    def run(self, action, *, environ=(), **options):
        given = {
            "yes": action != "check", "dry_run": False, "force": False, "gateway": "Meter gateway", "voltage": 120.0,
            "language": "en", "token_file": "",
        }  # fmt: skip
        out = io.StringIO()
        arguments = argparse.Namespace(action=action, **{**given, **options})
        code = ThingsBoardCommand({**self.environ, **dict(environ)}, out).run(arguments)
        return code, out.getvalue()

    def edit(self, kind, name, change):
        """As a person does it in the browser."""
        thing = self.store.find(kind, name)
        change(thing)
        thing["version"] += 1


@pytest.fixture
def tenant(tmp_path):
    made = Tenant(tmp_path)
    with made.server:
        yield made


def test_an_empty_tenant_gets_everything_and_the_second_time_nothing_is_written(tenant):
    code, said = tenant.run("apply")
    assert code == 0
    assert said.count(": created") == 9
    assert tenant.store.writes == ["dashboard", "deviceProfile", *["calculatedField"] * 6, "device"]
    profile = tenant.store.find("deviceProfile", "meter")
    assert profile["defaultDashboardId"] == tenant.store.find("dashboard", "Electricity meters")["id"]
    assert tenant.store.device("Meter gateway")["additionalInfo"] == {"gateway": True, "overwriteActivityTime": False}
    code, said = tenant.run("apply")
    assert (code, len(tenant.store.writes)) == (0, 9)
    assert said.count(": as it should be") == 9
    assert tenant.run("check") == (0, said[: said.rindex("\n\n") + 2] + "✔ everything is as it should be\n")


def test_without_a_yes_nothing_is_written_and_said_what_would_be(tenant):
    for options in ({"yes": False}, {"dry_run": True}):
        code, said = tenant.run("apply", **options)
        assert code == 1
        assert said.count(": missing") == 9
        assert "with --yes it is done" in said
    assert tenant.run("check")[0] == 1
    assert tenant.store.writes == []


def test_the_token_goes_into_a_file_of_its_owners_and_no_other_and_is_never_shown(tenant):
    _, said = tenant.run("apply")
    file = tenant.data / "thingsboard.token"
    token = token_file.kept(tenant.data)
    assert token.startswith("token-of-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in said
    assert f"the gateway's token is in {file}: the bridge takes it by itself" in said
    _, said = tenant.run("apply")
    assert f"the gateway's token is in {file} already" in said
    token_file.keep("of-a-gateway-that-is-gone", tenant.data)
    tenant.run("apply")
    assert token_file.kept(tenant.data) == token
    assert tenant.run("token") == (0, token)


@pytest.mark.parametrize(
    "given",
    [
        {"THINGSBOARD__TOKEN": "mine"},
        {"THINGSBOARD__PROVISION_KEY": "K", "THINGSBOARD__PROVISION_SECRET": "S"},
        {"THINGSBOARD__MODE": "device"},
    ],
    ids=" ".join,
)
def test_where_the_token_comes_from_elsewhere_none_is_kept_but_where_that_is_said(tenant, given):
    _, said = tenant.run("apply", environ=given)
    assert "token is in" not in said
    assert token_file.kept(tenant.data) is None
    elsewhere = tenant.data.with_name("elsewhere") / "token"
    _, said = tenant.run("apply", environ=given, token_file=str(elsewhere))
    assert f"the gateway's token is in {elsewhere}" in said
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600
    elsewhere.write_text("mine")
    assert "already exists" in tenant.run("apply", environ=given, token_file=str(elsewhere))[1]
    assert elsewhere.read_text() == "mine"


def test_what_a_person_changed_stays_unless_it_is_forced(tenant):
    tenant.run("apply")
    tenant.edit("dashboard", "Electricity meters", lambda it: it["configuration"]["settings"].update(showTitle=True))
    tenant.edit("calculatedField", "Tamper", lambda it: it["configuration"]["createRules"].update(MINOR={"x": 1}))
    writes = len(tenant.store.writes)
    code, said = tenant.run("apply")
    assert (code, len(tenant.store.writes)) == (0, writes)
    assert "dashboard Electricity meters: somebody changed it" in said
    assert "alarm rule Tamper: somebody changed it" in said
    assert tenant.run("check")[0] == 1
    code, said = tenant.run("apply", force=True)
    assert said.count(": changed") == 2
    assert tenant.run("check")[0] == 0


def test_what_an_earlier_bridge_made_is_renewed(tenant):
    tenant.run("apply", voltage=120.0)
    _, said = tenant.run("apply", voltage=230.0)
    assert said.count(": changed") == 1
    assert "alarm rule Voltage out of range: changed" in said
    arguments = tenant.store.find("calculatedField", "Voltage out of range")["configuration"]["arguments"]
    assert [arguments[limit]["defaultValue"] for limit in ("low", "high")] == ["207.0", "253.0"]
    _, said = tenant.run("apply", voltage=230.0, language="es")
    assert "panel" not in said
    assert "dashboard Medidores eléctricos: changed" in said
    assert len(tenant.store.things["dashboard"]) == 1, "one dashboard, in another language"


def test_others_things_of_the_same_names_are_left_alone(tenant):
    tenant.run("apply")
    for rule in tenant.store.things["calculatedField"].values():
        rule["additionalInfo"] = None
    tenant.edit("calculatedField", "No data", lambda it: it["configuration"].pop("clearRule"))
    tenant.store.find("dashboard", "Electricity meters")["configuration"].pop("bridge")
    _, said = tenant.run("apply")
    assert "alarm rule No data: not made by the bridge" in said
    assert said.count("alarm rule") == 6
    assert "dashboard Electricity meters: created" in said, "titles repeat: somebody else's is not ours"
    _, said = tenant.run("remove")
    assert said.count("not made by the bridge") == 6
    assert len(tenant.store.things["calculatedField"]) == 6
    assert len(tenant.store.things["dashboard"]) == 1


def test_a_profile_that_is_there_already_gets_what_it_lacks_and_keeps_what_it_has(tenant):
    chosen = {"entityType": "DASHBOARD", "id": "theirs"}
    data = {"configuration": {"type": "DEFAULT"}, "transportConfiguration": {"type": "DEFAULT"}}
    tenant.store.handle("POST", ["deviceProfile"], {}, {"name": "meter", "profileData": data, "description": "ours"})
    tenant.store.handle("POST", ["deviceProfile"], {}, {"name": "METER", "profileData": data})
    _, said = tenant.run("apply")
    assert "the profile's dashboard, meter: created" in said
    profile = tenant.store.find("deviceProfile", "meter")
    assert profile["description"] == "ours"
    profile["defaultDashboardId"] = chosen
    tenant.run("apply")
    assert tenant.store.find("deviceProfile", "meter")["defaultDashboardId"] == chosen
    assert tenant.store.find("deviceProfile", "METER").get("defaultDashboardId") is None


def test_remove_takes_away_what_the_bridge_made_and_nothing_else(tenant):
    tenant.model.add_device("M1", "meter")
    tenant.run("apply")
    tenant.edit("calculatedField", "Tamper", lambda it: it["configuration"].pop("createRules"))
    code, said = tenant.run("remove", yes=False)
    assert code == 1
    assert len(tenant.store.things["calculatedField"]) == 6
    code, said = tenant.run("remove")
    assert code == 0
    assert said.count(": removed") == 6
    assert "alarm rule Tamper: somebody changed it" in said
    assert list(tenant.store.things["dashboard"]) == []
    assert tenant.store.find("deviceProfile", "meter")["defaultDashboardId"] is None
    assert {"M1", "Meter gateway"} <= set(tenant.model.devices)
    assert "alarm rule Tamper: removed" in tenant.run("remove", force=True)[1]


def test_a_thing_that_somebody_changes_meanwhile_is_compared_once_more(tenant):
    tenant.run("apply")
    tenant.store.find("calculatedField", "Tamper")
    handle, raced = tenant.store.handle, []

    def racing(method, words, query, body):
        if method == "POST" and words == ["calculatedField"] and not raced:
            raced.append(body["name"])
            tenant.store.find("calculatedField", body["name"])["version"] += 1
        return handle(method, words, query, body)

    tenant.store.handle = racing
    code, said = tenant.run("apply", voltage=230.0)
    assert (code, raced) == (0, ["Voltage out of range"])
    assert "alarm rule Voltage out of range: changed" in said


def test_a_server_before_4_3_gets_all_but_the_rules_and_says_so(tenant):
    tenant.server.behaviour.version = "4.2.1"
    login = {"THINGSBOARD__API_KEY": "", "THINGSBOARD__API_USER": "tenant@example.com"}
    login["THINGSBOARD__API_PASSWORD"] = "open-sesame"
    code, said = tenant.run("apply", environ=login)
    assert code == 0
    assert "alarm rules need ThingsBoard 4.3" in said
    assert tenant.store.writes == ["dashboard", "deviceProfile", "device"]


def test_before_4_3_1_2_a_rule_bears_no_mark_and_one_that_differs_is_left_alone(tenant):
    tenant.server.behaviour.version = "4.3.0"
    tenant.run("apply")
    writes = len(tenant.store.writes)
    assert tenant.run("apply")[1].count(": as it should be") == 9
    _, said = tenant.run("apply", voltage=230.0)
    assert "alarm rule Voltage out of range: not made by the bridge" in said
    assert len(tenant.store.writes) == writes


@pytest.mark.parametrize(
    ("authority", "limit", "said"),
    [
        ("CUSTOMER_USER", 0, "only a tenant administrator may do this"),
        ("SYS_ADMIN", 0, "only a tenant administrator may do this"),
        ("TENANT_ADMIN", 1, "Dashboards limit reached"),
    ],
)
def test_who_may_not_and_what_is_full_is_said(tenant, authority, limit, said):
    tenant.server.behaviour.keys[:] = [ApiKey(KEY, User(authority=authority))]
    tenant.store.max_dashboards = limit
    if limit:
        tenant.store.handle("POST", ["dashboard"], {}, {"title": "another", "configuration": {}})
    code, shown = tenant.run("apply")
    assert code == 2
    assert said in shown


def test_in_spanish(tenant):
    _, said = tenant.run("apply", environ={"LANG": "es"})
    assert "regla de alarma Tamper: creado" in said


def test_the_files_are_what_the_source_makes():
    for name, text in files().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `python -m bridge.thingsboard.dashboard`"


def test_what_a_device_says_is_escaped_wherever_it_becomes_html():
    texts = [
        text for text in strings(dashboard("en", "meter")) if "return '<" in text or "</span>" in text or "<div" in text
    ]
    assert texts
    for text in texts:
        for said in ("d.serial_number", "d.manufacturer", "d.entityName", "+s+"):
            rest = text.replace(f"esc({said}", "").replace(f"esc({said}||''", "")
            assert f"+{said}" not in rest
            assert f"({said})" not in rest


def strings(content):
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return [text for one in content for text in strings(one)]
    return [content] if isinstance(content, str) else []


@pytest.mark.parametrize("rule", alarm_rules(120), ids=lambda rule: rule["name"])
def test_a_rule_names_no_argument_that_it_has_not(rule):
    """ThingsBoard takes such a rule, and it just never works."""
    known = set(rule["configuration"]["arguments"])
    text = json.dumps(rule["configuration"])
    filters = [one for one in objects(rule["configuration"]) if "predicates" in one]
    assert {one["argument"] for one in filters} <= known
    dynamic = {one["dynamicValueArgument"] for one in objects(rule["configuration"]) if "dynamicValueArgument" in one}
    assert dynamic <= known
    assert {part.partition("}")[0] for part in text.split("${")[1:]} <= known
    assert len(known) <= 10


def objects(content):
    found = [content] if isinstance(content, dict) else []
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return found + [one for value in inner for one in objects(value)]
