"""``docker-compose.shards.yml``: shard 1 is what was there, the others are copies of it that share nothing with it."""

from __future__ import annotations

import pytest
import yaml

from bridge.cli.typed_here import STACK
from tests.cli.stack.conftest import TOP

COMPOSE = yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture
def override(project):
    project.write("secrets/shard-3/THINGSBOARD__TOKEN", "token-3")
    assert project.override(3) == 0, project.said
    return project.yaml("docker-compose.shards.yml")


def test_the_first_shard_keeps_its_services_and_volumes(override):
    """What waits in the outbox of the bridge that was alone is sent by it."""
    first = override["services"]["bridge"]
    assert first == {
        "volumes": ["./secrets/shard-1:/run/secrets:ro"],
        "environment": {"SHARD__COUNT": "3", "SHARD__INDEX": "1"},
    }
    assert set(override["services"]["mosquitto"]) == {"volumes"}
    assert set(override["volumes"]) == {"data-2", "data-3", "credentials-2", "credentials-3"}


@pytest.mark.parametrize("shard", [2, 3])
@pytest.mark.parametrize("name", ["bridge", "mosquitto"])
def test_the_others_are_copies_but_for_what_must_be_their_own(override, name, shard):
    made, origin = override["services"][f"{name}-{shard}"], COMPOSE["services"][name]
    own = {"bridge": {"build", "pull_policy", "ports"}, "mosquitto": set()}[name]
    for key in set(origin) - own - {"volumes", "environment"}:
        assert made[key] == origin[key], key
    different = {
        key for key in {*made["environment"], *origin["environment"]}
        if made["environment"].get(key, "-") != origin["environment"].get(key, "-")
    }  # fmt: skip
    assert different == (
        {"BROKER__HOST", "SHARD__COUNT", "SHARD__INDEX", "THINGSBOARD__PROVISION_NAME", STACK}
        if name == "bridge"
        else set()
    )
    assert made["environment"].get(STACK) == ("bridge-" + str(shard) if name == "bridge" else None), "for its hints"
    assert f"./secrets/shard-{shard}:/run/secrets:ro" in made["volumes"]


@pytest.mark.parametrize("shard", [2, 3])
def test_nothing_that_is_kept_is_shared(override, shard):
    def sources(service):
        mounts = (
            mount if isinstance(mount, dict) else {"source": mount.partition(":")[0]} for mount in service["volumes"]
        )
        return [mount["source"] for mount in mounts if not mount["source"].startswith("./")]

    assert sources(override["services"][f"bridge-{shard}"]) == [f"data-{shard}", f"credentials-{shard}"]
    assert sources(override["services"][f"mosquitto-{shard}"]) == [f"credentials-{shard}", f"data-{shard}"]


def test_every_page_has_a_port_and_prometheus_knows_every_bridge(project, override):
    ports = [override["services"][f"bridge-{shard}"]["ports"] for shard in (2, 3)]
    assert ports == [[f"${{BIND_ADDRESS:-127.0.0.1}}:{port}:9108"] for port in (9109, 9110)]
    [mount] = override["services"]["prometheus"]["volumes"]
    made = yaml.safe_load((project.folder / mount.split(":")[0]).read_text())
    targets = [
        one["targets"] for job in made["scrape_configs"] if job["job_name"] == "bridge" for one in job["static_configs"]
    ]
    assert targets == [["bridge:9108"], ["bridge-2:9108"], ["bridge-3:9108"]]


def test_the_image_is_built_once(override):
    assert [name for name, service in override["services"].items() if "build" in service] == []
    assert override["services"]["bridge-2"]["pull_policy"] == "never"
