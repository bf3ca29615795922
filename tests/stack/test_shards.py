"""What ``bridge stack`` writes: Docker takes both files, and two shards on one machine read each meter once."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
from collections import Counter

import pytest
import yaml

from bridge.cli.stack.stack import StackCommand
from bridge.demo import DEMO_PASSWORD
from tests.fakes.programs import find_program, missing
from tests.stack.stack import TOP, Stack, docker, eventually

METERS = 6
FIRST_PORT = 4001
ENV = "METERS_FILE=/config/meters.csv\nPOLL__INTERVAL=0.5\nTZ=America/Santiago\n"
FLEET = "name,host,port,profile,password\n" + "".join(
    f"m{number},meters,{FIRST_PORT + number},microstar,{DEMO_PASSWORD}\n" for number in range(METERS)
)


def write_fleet(stack: Stack) -> None:
    (stack.folder / "config").mkdir()
    (stack.folder / "config" / "meters.csv").write_text(FLEET, encoding="utf-8")


def command(stack: Stack) -> StackCommand:
    return StackCommand({}, io.StringIO(), stack.folder, shards=2)


@pytest.fixture
def folder(tmp_path) -> Stack:
    find_program("docker")
    stack = Stack(tmp_path / "project", f"dlms-test-{os.getpid()}-read", ENV)
    write_fleet(stack)
    return stack


def read_by(folder, *arguments: str):
    """What Docker understood; without its daemon."""

    def run(*command: str):
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)

    if run("docker", arguments[0], "config", "--help").returncode != 0:
        missing(f"this Docker has no docker {arguments[0]} config")
    done = run("docker", *arguments)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_docker_takes_the_stack_file_and_reads_in_it_what_we_meant(folder):
    assert command(folder).write_stack(None, nodes=(), image="", is_encrypted=True) == 0
    said = read_by(folder.folder, "stack", "config", "-c", "stack.yml")
    bridges = {name: service for name, service in said["services"].items() if name.startswith("bridge-")}
    assert set(bridges) == {"bridge-1", "bridge-2"}
    compose = yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["bridge"]
    for shard, service in ((1, bridges["bridge-1"]), (2, bridges["bridge-2"])):
        assert service["environment"]["SHARD__INDEX"] == str(shard)
        assert service["environment"]["TZ"] == "America/Santiago"
        assert service["deploy"]["resources"]["limits"] == {"memory": str(768 << 20), "pids": compose["pids_limit"]}
        assert service["healthcheck"]["test"] == compose["healthcheck"]["test"]
        assert service["ulimits"]["nofile"] == compose["ulimits"]["nofile"]
    shell, option, script = said["services"]["mosquitto-1"]["healthcheck"]["test"][1:]
    assert (shell, option) == ("sh", "-c")
    assert "-t '$SYS/broker/uptime'" in script.replace("$$", "$")


def test_compose_takes_the_override_and_the_page_of_each_shard_has_a_port(folder):
    assert command(folder).write_override(None) == 0
    files = ("-f", "docker-compose.yml", "-f", "docker-compose.shards.yml")
    said = read_by(folder.folder, "compose", *files, "config")["services"]
    ports = [said[name]["ports"][0]["published"] for name in ("bridge", "bridge-2")]
    assert ports == ["9108", "9109"]
    volumes = {
        name: [mount["source"] for mount in said[name]["volumes"] if mount["type"] == "volume"]
        for name in ("bridge", "bridge-2")
    }
    assert volumes == {"bridge": ["data", "credentials"], "bridge-2": ["data-2", "credentials-2"]}
    assert said["bridge"]["environment"]["SHARD__INDEX"] == "1"
    assert said["bridge-2"]["environment"]["SHARD__INDEX"] == "2"
    mounts = [mount["target"] for mount in said["prometheus"]["volumes"]]
    assert mounts == ["/etc/prometheus", "/prometheus", "/etc/prometheus/prometheus.yml"]


def test_two_shards_on_one_machine_read_each_meter_once(new_stack):
    stack = new_stack(ENV)
    write_fleet(stack)
    assert command(stack).write_override(None) == 0
    override = (stack.folder / "docker-compose.shards.yml").read_text(encoding="utf-8")
    # As tests/stack/sandbox.yml does with the first one.
    limit = str(min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    stack.override(override.replace("dlms-bridge:0.1.0", "dlms-bridge:under-test").replace("65536", limit))
    stack.up("mosquitto", "mosquitto-2")
    meters = f"{stack.project}-meters"
    serve = "; ".join(f"bridge demo-meter --host 0.0.0.0 --port {FIRST_PORT + number} &" for number in range(METERS))
    network = ("--network", f"{stack.project}_broker", "--network-alias", "meters")
    entry = ("--entrypoint", "/bin/sh", "dlms-bridge:under-test", "-c", f"{serve.replace('&;', '&')} wait")
    docker("run", "--detach", "--rm", "--name", meters, *network, *entry)
    try:
        stack.up("bridge", "bridge-2", "prometheus")

        def read() -> dict[str, list[str]]:
            """The meters that each bridge reads, once all of them answer."""
            found = {}
            for service in ("bridge", "bridge-2"):
                rows = json.loads(stack.page("/status", service))["meters"]
                if not all(row["state"] == "reading" for row in rows):
                    return {}
                found[service] = [row["name"] for row in rows]
            return found

        owners = eventually(lambda: _unless_away(read), "all meters answer", within_s=90)
        assert sorted(owners["bridge"] + owners["bridge-2"]) == sorted(f"m{number}" for number in range(METERS))
        assert owners["bridge"]
        assert owners["bridge-2"]
        assert connections(meters) == dict.fromkeys(range(FIRST_PORT, FIRST_PORT + METERS), 1)
        watched = 'count by (shard) (up{job="bridge"} == 1 and on (instance, shard) dlms_shard_info{shards="2"})'
        eventually(lambda: stack.metric(f"count({watched})") == 2, "Prometheus sees both shards", within_s=60)
    finally:
        docker("rm", "--force", meters)


def _unless_away(ask):
    try:
        return ask()
    except AssertionError:  # it is not up yet
        return {}


def connections(container: str) -> dict[int, int]:
    """How many connections each port of the container has that listens there, by what its kernel says."""
    rows = [line.split() for line in docker("exec", container, "cat", "/proc/net/tcp").splitlines()[1:]]
    return dict(sorted(Counter(int(row[1].partition(":")[2], 16) for row in rows if row[3] == "01").items()))
