"""What ``grafana/start.sh`` hands to Grafana's own start. Its image is not needed: a busybox shell runs the script."""

from __future__ import annotations

import re

import pytest

from tests.stack.stack import TOP, docker

LOOK_ONLY = {
    "GF_AUTH_ANONYMOUS_ENABLED": "true",
    "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
    "GF_AUTH_DISABLE_LOGIN_FORM": "true",
    "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
}
SIGN_IN = {
    "GF_AUTH_ANONYMOUS_ENABLED": "false",
    "GF_SECURITY_ADMIN_USER": "admin",
    "GF_SECURITY_ADMIN_PASSWORD": "a 'good' $one",
}


@pytest.fixture
def start(images, tmp_path):
    """Runs the script with Docker's options, and returns the variables that the image's own start would see."""
    image = re.search(r"eclipse-mosquitto:\S+", (TOP / "docker-compose.yml").read_text())
    assert image
    own = tmp_path / "run.sh"
    own.write_text("#!/bin/sh\nenv\n", encoding="utf-8")
    own.chmod(0o755)

    def run(*options: str) -> dict[str, str]:
        volumes = ("--volume", f"{TOP}/grafana/start.sh:/start.sh:ro", "--volume", f"{own}:/run.sh:ro")
        said = docker("run", "--rm", "--entrypoint", "/bin/sh", *volumes, *options, image.group(), "/start.sh")
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return {name: value for name, value in found.items() if name.startswith(("GF_", "GRAFANA_"))}

    return run


def test_without_a_password_there_is_no_user_and_everybody_may_look(start):
    assert start() == LOOK_ONLY
    assert start("--env", "GRAFANA_ADMIN_PASSWORD=") == LOOK_ONLY


def test_with_a_password_the_admin_has_it_and_one_signs_in(start):
    assert start("--env", f"GRAFANA_ADMIN_PASSWORD={SIGN_IN['GF_SECURITY_ADMIN_PASSWORD']}") == SIGN_IN


def test_the_password_may_be_a_docker_secret(start, tmp_path):
    secret = tmp_path / "password"
    secret.write_text(f"{SIGN_IN['GF_SECURITY_ADMIN_PASSWORD']}\n", encoding="utf-8")
    assert start("--volume", f"{secret}:/run/secrets/grafana_admin_password:ro") == SIGN_IN
