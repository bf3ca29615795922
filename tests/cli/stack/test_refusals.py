"""What no stack could run on is said before anything is written."""

from __future__ import annotations

import pytest

from tests.cli.stack.conftest import ENV


def refused(project, code: int) -> str:
    assert code == 2, project.said
    assert project.said.splitlines()[-1] == "nothing was written"
    assert not (project.folder / "stack.yml").exists()
    assert not (project.folder / "docker-compose.shards.yml").exists()
    return project.said


def test_without_a_compose_file_it_says_where_it_looked(project):
    (project.folder / "docker-compose.yml").unlink()
    assert "there is no docker-compose.yml of dlms-bridge" in refused(project, project.stack(2))


@pytest.mark.parametrize("shards", [0, 257])
def test_the_number_of_shards_has_bounds(project, shards):
    assert "--shards: must be from 1 to 256" in refused(project, project.stack(shards))


def test_one_shard_is_what_compose_does_anyway(project):
    assert "--shards: must be from 2 to 256" in refused(project, project.override(1))


@pytest.mark.parametrize("write", ["stack", "override"])
def test_each_shard_needs_a_token_of_its_own(project, write):
    said = refused(project, getattr(project, write)(3))
    assert "secrets/shard-3/THINGSBOARD__TOKEN: missing; shard 3 needs a gateway device of its own" in said
    project.write("secrets/shard-3/THINGSBOARD__TOKEN", "token-1")
    assert "secrets/shard-1 and secrets/shard-3 hold the same token" in refused(project, getattr(project, write)(3))


def test_without_thingsboard_no_token_is_needed(project):
    project.write(".env", "METERS_FILE=/config/meters.csv\n")
    for shard in (1, 2):
        (project.folder / f"secrets/shard-{shard}/THINGSBOARD__TOKEN").unlink()
    assert project.stack(2) == 0, project.said


def test_a_token_that_provisioning_gets_lies_on_a_volume_and_does_for_one_machine_alone(project):
    project.write(".env", "METERS_FILE=/config/meters.csv\nTHINGSBOARD__HOST=tb\nTHINGSBOARD__PROVISION_KEY=k\n")
    project.write("secrets/THINGSBOARD__PROVISION_SECRET", "s")
    for shard in (1, 2):
        (project.folder / f"secrets/shard-{shard}/THINGSBOARD__TOKEN").unlink()
    assert "THINGSBOARD__TOKEN: missing" in refused(project, project.stack(2))
    assert project.override(2) == 0, project.said


def test_a_secret_in_the_env_file_does_not_get_into_a_stack_file(project):
    project.write(".env", f"{ENV}METERS__M2__PASSWORD=hunter2\nGRAFANA_ADMIN_PASSWORD=x\n")
    said = refused(project, project.stack(2))
    assert "METERS__M2__PASSWORD stands in .env" in said
    assert "put it in the file secrets/grafana/GRAFANA_ADMIN_PASSWORD" in said
    assert "hunter2" not in said


def test_a_mistake_in_the_configuration_is_shown_as_check_shows_it(project):
    project.write("config/meters.csv", "name,host,port\nm1,10.0.0.1,99999\n")
    assert "port=99999: must be a whole number from 1 to 65535" in refused(project, project.stack(2))


def test_there_must_be_something_to_share_out(project):
    project.write(".env", "THINGSBOARD__HOST=tb\nPOLL__DEMO_METER=true\n")
    (project.folder / "secrets/METERS__M1__PASSWORD").unlink()
    assert "no meter is configured" in refused(project, project.stack(2))


def test_a_certificate_is_one_devices(project):
    for name in ("client.pem", "client.key"):
        project.write(f"config/{name}", "x")
    pair = "THINGSBOARD__CERT_FILE=/config/client.pem\nTHINGSBOARD__KEY_FILE=/config/client.key\n"
    project.write(".env", f"METERS_FILE=/config/meters.csv\nTHINGSBOARD__HOST=tb\nTHINGSBOARD__TLS=true\n{pair}")
    assert "THINGSBOARD__CERT_FILE: is one device's" in refused(project, project.stack(2))


@pytest.mark.parametrize("nodes", [("a", "b"), ("a", "b", "a"), ("a", "b", "c", "d")])
def test_three_witnesses_are_on_three_nodes(project, nodes):
    assert "must name three different nodes" in refused(project, project.stack(2, nodes=nodes))


def test_what_is_said_is_said_in_spanish_too_and_names_docker(project):
    assert project.stack(2, LANG="es_CL.UTF-8") == 0
    assert "2 fragmentos para 12 medidores" in project.said
    assert "docker stack deploy --resolve-image never -c stack.yml dlms-bridge" in project.said
