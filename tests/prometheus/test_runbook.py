"""What an alert says: title, summary, entry in the runbook, panel. And the runbook has no other entry."""

import re
from pathlib import Path

import pytest
import yaml

from tests.grafana.inventory import DASHBOARDS, labels_of_series, names_in, panels_of

ROOT = Path(__file__).parents[2]
GROUPS = yaml.safe_load((ROOT / "prometheus/rules/bridge.yml").read_text(encoding="utf-8"))["groups"]
EVERY = [rule for group in GROUPS for rule in group["rules"]]
RULES = [rule for rule in EVERY if "alert" in rule]
RUNBOOK = (ROOT / "prometheus/runbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_happened_and_where_help_stands(rule):
    assert rule["labels"]["severity"] in ({"none"} if rule["alert"] == "Watchdog" else {"critical", "warning"})
    said = rule["annotations"]
    assert len(said["title"]) <= 40, "a cell of a table"
    assert said["summary"]
    assert said["description"].endswith(".")
    assert said["runbook"] == f"prometheus/runbook.md#{rule['alert'].lower()}"
    entry = re.search(rf"^## {rule['alert']}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert entry, "an entry in the runbook"
    for question in ("**What it means.**", "**Check.**", "**Do.**"):
        assert question in entry[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_the_panel_that_shows_it(rule):
    said = rule["annotations"]
    address = {
        panel["title"]: f"/d/{dashboard['uid']}?viewPanel={panel['id']}"
        for dashboard in DASHBOARDS.values()
        for panel in panels_of(dashboard)
    }
    assert said["dashboard"] == address[said["panel"]]


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_names_no_metric_that_does_not_exist(rule):
    assert names_in(rule["expr"]) <= labels_of_series().keys()


def test_the_runbook_has_no_entry_without_an_alert():
    assert set(re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)) == {rule["alert"] for rule in RULES}
