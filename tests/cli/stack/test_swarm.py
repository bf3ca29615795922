"""``stack.yml`` says what the compose file says, for every shard; what Swarm cannot do stands in a table."""

from __future__ import annotations

import gzip
import re

import pytest
import yaml

from bridge.cli.catalogue import Catalogue
from bridge.cli.stack.shard_environment import TOKEN
from bridge.cli.stack.swarm import HAS_A_BRIDGE
from bridge.cli.stack.swarm_service import KEPT, LEFT_OUT, SAID_OTHERWISE, UnknownInComposeError, translated
from bridge.cli.typed_here import STACK
from bridge.configuration.load import load
from bridge.configuration.sharding import own_of
from bridge.outbox.destination import destination_of
from tests.cli.stack.conftest import ENV, TOP
from tests.cli.stack.containers import inside, settings_of

COMPOSE = yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))
ONE_OF_EACH = {"prometheus": "prometheus", "grafana": "grafana", "alertmanager": "alertmanager"}
OF_TWO_SHARDS = {**{f"{name}-{shard}": name for name in ("bridge", "mosquitto") for shard in (1, 2)}, **ONE_OF_EACH}


@pytest.fixture
def stack(project):
    project.write(".env", f"{(project.folder / '.env').read_text()}COMPOSE_PROFILES=alertmanager\n")
    assert project.stack(2) == 0, project.said
    return project.yaml()


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_everything_in_the_compose_file_is_kept_said_otherwise_or_left_out_with_a_reason(service):
    tables = [set(KEPT), set(SAID_OTHERWISE), set(LEFT_OUT)]
    for key in COMPOSE["services"][service]:
        assert sum(key in table for table in tables) == 1, key


def test_what_nobody_decided_about_is_no_stack():
    with pytest.raises(UnknownInComposeError, match="bridge: shm_size"):
        translated("bridge", {**COMPOSE["services"]["bridge"], "shm_size": "1g"})


@pytest.mark.parametrize(("made", "origin"), OF_TWO_SHARDS.items())
def test_what_is_kept_is_the_same(stack, made, origin):
    service, compose = stack["services"][made], COMPOSE["services"][origin]
    for key in set(KEPT) & set(compose) - {"networks", "healthcheck"}:
        assert service[key] == compose[key], key
    assert service["healthcheck"] == compose["healthcheck"] or origin == "mosquitto"
    assert set(compose["networks"]) <= set(service["networks"])


def test_a_relay_is_healthy_while_a_bridge_holds_it_and_one_without_sessions_while_it_answers(project, stack):
    """What the check does to a real broker: ``tests/mosquitto/test_beside.py``."""
    assert stack["services"]["mosquitto-1"]["healthcheck"]["test"] == ["CMD", "sh", "-c", HAS_A_BRIDGE]
    project.write(".env", f"{(project.folder / '.env').read_text()}THINGSBOARD__VIA=direct\n")
    assert project.stack(2) == 0, project.said
    assert project.yaml()["services"]["mosquitto-1"]["healthcheck"] == COMPOSE["services"]["mosquitto"]["healthcheck"]


@pytest.mark.parametrize(("made", "origin"), OF_TWO_SHARDS.items())
def test_limits_restarts_and_memory_disks_are_the_same(stack, made, origin):
    service, compose = stack["services"][made], COMPOSE["services"][origin]
    limits = service["deploy"]["resources"]["limits"]
    assert (limits["memory"], limits["pids"]) == (compose["mem_limit"], compose["pids_limit"])
    assert service["deploy"]["restart_policy"]["condition"] == "any"
    assert service["deploy"]["endpoint_mode"] == "dnsrr"
    disks = {mount["target"]: mount["tmpfs"]["size"] for mount in service["volumes"] if isinstance(mount, dict)}
    wanted = dict(re.fullmatch(r"([^:]+):size=(\d+)m.*", text).groups() for text in compose["tmpfs"])
    assert disks == {target: int(size) << 20 for target, size in wanted.items()}


def test_every_file_that_a_container_of_compose_has_is_there(project, stack, tmp_path):
    """Mounts are followed to the files, and compared with the files that the stack hands out."""
    for made, origin in OF_TWO_SHARDS.items():
        root = tmp_path / made
        inside(project, made, root)
        for volume in COMPOSE["services"][origin]["volumes"]:
            if not isinstance(volume, str) or not volume.startswith("./"):
                continue
            source, target = volume.split(":")[:2]
            if source in ("./config", "./secrets"):
                continue
            path = project.folder / source
            for file in [path] if path.is_file() else path.rglob("*"):
                there = (
                    root / target.lstrip("/") / file.relative_to(path) if path.is_dir() else root / target.lstrip("/")
                )
                if (
                    file.is_dir()
                    or file.name == "runbook.md"
                    or (source, file.parent.name) in (("./prometheus", "alertmanager"), ("./mosquitto", "neighbours"))
                ):
                    continue
                if there.name == "prometheus.yml" and origin == "prometheus":
                    assert "bridge-2:9108" in there.read_text()
                else:
                    assert there.read_bytes() == file.read_bytes(), (made, there)


def test_the_volumes_have_the_names_that_compose_gives_them(stack):
    """So the outbox of the bridge that was alone is shard 1's, or is drained."""
    assert stack["volumes"]["data-1"] == {"name": "dlms-bridge_data"}
    assert stack["volumes"]["data-2"] == {"name": "dlms-bridge_data-2"}
    assert set(stack["volumes"]) == {"data-1", "data-2", "prometheus", "grafana", "alertmanager"}
    assert "data-2:/data" in stack["services"]["bridge-2"]["volumes"]
    assert {"data-1:/shards/1", "data-2:/shards/2"} <= {
        mount for mount in stack["services"]["drain"]["volumes"] if isinstance(mount, str)
    }


def test_each_shard_loads_what_compose_would_have_given_it(project, stack, tmp_path):
    shards = {shard: settings_of(project, shard, tmp_path / str(shard)) for shard in (1, 2)}
    alone = load(
        {
            "METERS_FILE": str(project.folder / "config/meters.csv"),
            "PROFILES_DIR": str(project.folder / "config/profiles"),
            "THINGSBOARD__HOST": "tb.example",
            "THINGSBOARD__TLS": "true",
            "POLL__INTERVAL": "15",
            "SECRETS_DIR": str(project.folder / "secrets"),
        },
        project.folder / "secrets/shard-1",
    )
    for shard, settings in shards.items():
        assert settings.meters == own_of(alone.meters, 2, shard)
        assert settings.meters
        assert settings.thingsboard.token.get_secret_value() == f"token-{shard}"
        assert settings.thingsboard.model_copy(update={"token": None}) == alone.thingsboard.model_copy(
            update={"token": None}
        )
        assert settings.poll == alone.poll
        assert (settings.shard.count, settings.shard.index, settings.shard.node) == (2, shard, "node-1")
        assert len(settings.shard.witness_addresses) == 3
        assert settings.shard.secret is not None
        assert settings.broker.host == f"mosquitto-{shard}"
    passwords = {name: one.password for settings in shards.values() for name, one in settings.meters.items()}
    assert passwords["m1"].get_secret_value() == "pa$$word"


@pytest.mark.parametrize("service", ["bridge-1", "bridge-2", "witness-3", "drain"])
def test_its_hints_say_what_is_typed_on_swarm(project, stack, tmp_path, service):
    environ = inside(project, service, tmp_path)
    environ[STACK] = environ[STACK].replace("{{.Service.Name}}", f"dlms-bridge_{service}")  # as Swarm does
    hint = Catalogue.of(environ)("doctor.bridge.hangs.fix")
    assert f"docker service update --force dlms-bridge_{service}" in hint


def test_what_drains_gets_what_it_needs_and_no_secret_but_the_brokers(project, stack, tmp_path):
    environ = inside(project, "drain", tmp_path)
    assert {file.name for file in (tmp_path / "run/secrets").iterdir()} == {"broker"}
    own = {name: value.replace("{shard}", "2") for name, value in environ.items()}
    own |= {"SHARD__INDEX": "2", "SHARD__NODE": "node-1", "POLL__DEMO_METER": "true"}
    settings = load(own, tmp_path / "run/secrets")
    assert (str(settings.data_dir), settings.broker.host, settings.via) == ("/shards/2", "mosquitto-2", "mosquitto")
    bridge = settings_of(project, 2, tmp_path / "bridge")
    assert destination_of(settings.thingsboard, "") == destination_of(bridge.thingsboard, "")


def test_where_the_bridge_itself_speaks_to_thingsboard_nobody_else_could_with_its_token(project, stack):
    assert "drain" in stack["services"]
    project.write(".env", f"{ENV}THINGSBOARD__VIA=direct\n")
    assert project.stack(2) == 0, project.said
    assert "drain" not in project.yaml()["services"]


def test_only_the_reader_of_a_meter_gets_its_password(project, stack):
    holders = [name for name in stack["services"] if "METERS__M1__PASSWORD" in str(stack["services"][name])]
    assert len(holders) == 1


def test_no_secret_stands_in_the_file_or_in_a_config(project, stack):
    text = (project.folder / "stack.yml").read_text()
    kept = [(project.folder / one["file"]).read_text() for one in stack["configs"].values()]
    keys = [(project.folder / "secrets/stack" / name).read_text().split()[-1] for name in ("broker", "SHARD__SECRET")]
    for secret in ("token-1", "token-2", "pa$$word", *keys):
        assert all(secret not in one for one in (text, *kept))


def test_mosquitto_and_the_bridge_share_no_volume_but_one_secret(project, stack, tmp_path):
    """They may be on two nodes."""
    environ = {name: inside(project, f"{name}-2", tmp_path / name) for name in ("bridge", "mosquitto")}
    assert {one["BROKER__CREDENTIALS_FILE"] for one in environ.values()} == {"/run/secrets/broker"}
    files = [tmp_path / name / "run/secrets/broker" for name in environ]
    assert files[0].read_text() == files[1].read_text()
    assert re.fullmatch("bridge\n[0-9a-f]{48}\n", files[0].read_text()), "as mosquitto/start.sh wants it"
    assert (tmp_path / "mosquitto/run/secrets" / TOKEN).read_text() == "token-2\n"
    assert environ["mosquitto"]["THINGSBOARD__HOST"] == "tb.example"
    assert not [mount for mount in stack["services"]["mosquitto-2"]["volumes"] if isinstance(mount, str)]


def test_witnesses_are_pinned_each_to_a_node_of_its_own(project, stack):
    def places():
        services = project.yaml()["services"]
        return [services[f"witness-{number}"]["deploy"]["placement"]["constraints"] for number in (1, 2, 3)]

    assert places() == [[f"node.labels.dlms.witness == {number}"] for number in (1, 2, 3)]
    assert project.stack(2, nodes=("a", "b", "c")) == 0
    assert places() == [[f"node.hostname == {name}"] for name in "abc"]
    assert project.yaml()["services"]["grafana"]["deploy"]["placement"]["constraints"] == ["node.hostname == a"]


def test_prometheus_watches_every_shard_by_its_name(project, stack, tmp_path):
    inside(project, "prometheus", tmp_path)
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((tmp_path / "etc/prometheus/prometheus.yml").read_text())["scrape_configs"]
    }
    assert jobs["bridge"]["static_configs"] == [
        {"targets": [f"bridge-{shard}:9108"], "labels": {"instance": f"bridge-{shard}", "shard": str(shard)}}
        for shard in (1, 2)
    ]
    assert jobs["prometheus"]["static_configs"][0]["targets"] == ["localhost:9090"]


def test_grafana_can_be_reached_only_where_it_has_a_password(project, stack):
    assert not [name for name, service in stack["services"].items() if "ports" in service]
    project.write("secrets/grafana/GRAFANA_ADMIN_PASSWORD", "open sesame\n")
    assert project.stack(2) == 0
    assert project.yaml()["services"]["grafana"]["ports"] == [{"target": 3000, "published": 3000, "mode": "host"}]


def test_a_changed_file_has_another_name_and_what_did_not_change_keeps_its_own(project, stack):
    project.write("mosquitto/mosquitto.conf", "persistence false\n")
    assert project.stack(2) == 0
    names = set(stack["configs"]) ^ set(project.yaml()["configs"])
    assert len(names) == 2
    assert all("mosquitto.conf" in name for name in names)
    assert set(stack["secrets"]) == set(project.yaml()["secrets"])
    assert all(re.fullmatch("[a-zA-Z0-9-_.]{1,64}", name) for name in (*stack["configs"], *stack["secrets"]))


def test_a_large_share_is_compressed_and_read_all_the_same(project, tmp_path):
    lines = [f"m{number},10.{number >> 8}.{number & 255}.7,{'x' * 30}" for number in range(20_000)]
    project.write("config/meters.csv", "\n".join(["name,host,password", *lines]) + "\n")
    project.write("secrets/METERS__M1__PASSWORD", "x" * 30)
    assert project.stack(2) == 0, project.said
    document = project.yaml()
    [mount] = [one for one in document["services"]["bridge-1"]["secrets"] if "meters.csv" in one["target"]]
    file = project.folder / document["secrets"][mount["source"]]["file"]
    assert mount["target"] == "/config/meters.csv.gz"
    assert len(file.read_bytes()) < 500_000 < len(gzip.decompress(file.read_bytes()))
    sizes = [len(settings_of(project, shard, tmp_path / str(shard)).meters) for shard in (1, 2)]
    assert sum(sizes) == 20_000


def test_what_goes_between_nodes_is_encrypted_unless_told_otherwise(project, stack):
    assert all(network["driver_opts"] == {"encrypted": "true"} for network in stack["networks"].values())
    assert project.stack(2, is_encrypted=False) == 0
    assert all(network == {"driver": "overlay"} for network in project.yaml()["networks"].values())
