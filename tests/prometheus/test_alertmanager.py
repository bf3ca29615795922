"""Alerts by mail or webhook: what ``alertmanager/start.sh`` makes of .env, as a real Alertmanager takes it."""

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue

import pytest
import yaml

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program, missing

ROOT = Path(__file__).parents[2]
START = ROOT / "prometheus/alertmanager/start.sh"
HOOK = {"ALERTS_WEBHOOK_URL": "https://example.org/a?b='c'&d=$e"}
MAIL = {
    "ALERTS_MAIL_TO": "ops@example.org, night@example.org",
    "ALERTS_MAIL_FROM": "bridge@example.org",
    "ALERTS_MAIL_SERVER": "mail.example.org:587",
    "ALERTS_MAIL_USER": "bridge",
}


@pytest.fixture
def start(tmp_path):
    """Runs the script with these settings and a program in Alertmanager's place, as Compose does."""
    (tmp_path / "secrets").mkdir()
    config = tmp_path / "alertmanager.yml"

    def run(settings, program="/bin/true", *arguments):
        own = {"ALERTS_CONFIG": str(config), "ALERTS_SECRETS": str(tmp_path / "secrets"), "ALERTS_PROGRAM": program}
        given = {"PATH": os.environ["PATH"], **own, **settings}
        return subprocess.Popen(["/bin/sh", START, *arguments], env=given, stderr=subprocess.PIPE, text=True)

    run.config = config
    run.secrets = tmp_path / "secrets"
    return run


def made(start, settings):
    process = start(settings)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    return yaml.safe_load(start.config.read_text(encoding="utf-8"))


def amtool(*arguments):
    done = subprocess.run([find_program("amtool"), *arguments], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.promtool
@pytest.mark.parametrize("settings", [HOOK, MAIL, HOOK | MAIL], ids=["webhook", "mail", "both"])
def test_alertmanager_takes_what_is_made_of_the_settings(start, settings):
    config = made(start, settings)
    amtool("check-config", str(start.config))
    people, heartbeat = config["receivers"]
    if "ALERTS_WEBHOOK_URL" in settings:
        assert people["webhook_configs"] == [{"url": HOOK["ALERTS_WEBHOOK_URL"]}]
    if "ALERTS_MAIL_TO" in settings:
        (mail,) = people["email_configs"]
        assert (mail["to"], mail["from"]) == (MAIL["ALERTS_MAIL_TO"], MAIL["ALERTS_MAIL_FROM"])
        assert (mail["smarthost"], mail["auth_username"]) == (MAIL["ALERTS_MAIL_SERVER"], "bridge")
    assert heartbeat == {"name": "heartbeat"}
    route = ("config", "routes", "test", f"--config.file={start.config}")
    assert amtool(*route, "alertname=BridgeDown", "severity=critical") == "people"
    assert amtool(*route, "alertname=Watchdog", "severity=none") == "heartbeat", "it calls nobody"


def test_what_is_secret_comes_from_a_file_and_stands_nowhere_else(start):
    for name in ("ALERTS_WEBHOOK_URL", "ALERTS_MAIL_PASSWORD", "ALERTS_HEARTBEAT_URL"):
        (start.secrets / name).write_text("https://example.org/token-4711", encoding="utf-8")
    people, heartbeat = made(start, MAIL)["receivers"]
    assert people["webhook_configs"] == [{"url_file": str(start.secrets / "ALERTS_WEBHOOK_URL")}]
    assert people["email_configs"][0]["auth_password_file"] == str(start.secrets / "ALERTS_MAIL_PASSWORD")
    assert heartbeat["webhook_configs"] == [{"url_file": str(start.secrets / "ALERTS_HEARTBEAT_URL")}]
    assert "4711" not in start.config.read_text(encoding="utf-8")
    assert start.config.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "nobody to tell: set ALERTS_WEBHOOK_URL or ALERTS_MAIL_TO"),
        ({"ALERTS_WEBHOOK_URL": "example.org/alerts"}, "ALERTS_WEBHOOK_URL is no address"),
        ({"ALERTS_MAIL_TO": "a@b"}, "ALERTS_MAIL_FROM is not set"),
        ({"ALERTS_MAIL_TO": "a@b", "ALERTS_MAIL_FROM": "c@d"}, "ALERTS_MAIL_SERVER is not set"),
        (MAIL | {"ALERTS_MAIL_SERVER": "mail"}, "ALERTS_MAIL_SERVER has no port"),
    ],
)
def test_a_mistake_is_named_and_nothing_starts(start, settings, said):
    process = start(settings, "/bin/false")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said in errors


@pytest.mark.promtool
def test_prometheus_tells_alertmanager_and_that_calls_the_webhook_by_itself(start, tmp_path):
    if os.geteuid() != 0:
        missing("Debian's Alertmanager needs a mount of its own here, and this is not root")
    called: Queue[dict] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            called.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    hook = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    port, own_port = free_port(), free_port()
    settings = HOOK | {"ALERTS_HEARTBEAT_URL": f"http://127.0.0.1:{hook.server_port}/heartbeat"}
    manager = start(
        settings, find_program("prometheus-alertmanager"), f"--storage.path={tmp_path / 'state'}",
        "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    )  # fmt: skip
    config = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(ROOT / "prometheus/rules/*.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]},
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    prometheus = subprocess.Popen(
        [
            find_program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", "--log.level=error",
            "--rules.alert.resend-delay=1s",  # the first is judged before the Alertmanager is found
            f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{own_port}",
        ]
    )  # fmt: skip
    try:
        said = called.get(timeout=60)
    finally:
        for process in (prometheus, manager):
            process.kill()
            process.communicate()
        hook.shutdown()
        hook.server_close()
    assert said["receiver"] == "heartbeat"
    assert [alert["labels"]["alertname"] for alert in said["alerts"]] == ["Watchdog"]


def test_its_container_is_locked_down_as_the_others_are():
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["alertmanager"]
    assert (service["read_only"], service["cap_drop"], service["restart"]) == (True, ["ALL"], "always")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "65534:65534"
    assert service["networks"] == ["metrics"], "it cannot reach the broker"
    assert "ports" not in service
    assert {"mem_limit", "pids_limit", "healthcheck", "logging"} <= service.keys()
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == ["alertmanager:/alertmanager"]


def test_it_starts_with_its_profile_alone_and_prometheus_looks_for_it_by_name():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["alertmanager"]["profiles"] == ["alertmanager"]
    assert [name for name, service in services.items() if "profiles" in service] == ["alertmanager"]
    named = set(services["alertmanager"]["environment"])
    script = START.read_text(encoding="utf-8")
    assert named == {line.split()[1] for line in script.splitlines() if line.startswith("#   ALERTS_")} | {
        "ALERTS_MAIL_FROM",
        "ALERTS_MAIL_SERVER",
        "ALERTS_MAIL_USER",
    }
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (found,) = config["alerting"]["alertmanagers"]
    assert found["dns_sd_configs"] == [{"names": ["alertmanager"], "type": "A", "port": 9093, "refresh_interval": "2m"}]
