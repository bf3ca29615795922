"""Tokens, passwords and keys in files: every container gets its own, and ``docker inspect`` shows none."""

from __future__ import annotations

import json
import re

import pytest

from tests.stack.stack import TOP, docker, eventually

SECRETS = {
    "THINGSBOARD__TOKEN": "tok-3f1a9c77",
    "METERS__MAIN__PASSWORD": "pass-5b2e8d10",
    "METERS__HALL__ENCRYPTION_KEY": "000102030405060708090a0b0c0d0e0f",
    "METERS__HALL__AUTHENTICATION_KEY": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
    "grafana/GRAFANA_ADMIN_PASSWORD": "graf-9a41cc02",
}
ADDRESSES = """\
THINGSBOARD__HOST=tb.invalid
METERS__MAIN__HOST=192.0.2.1
METERS__HALL__HOST=192.0.2.2
METERS__HALL__AUTHENTICATION=none
"""


def with_secrets(new_stack):
    stack = new_stack(ADDRESSES)
    for name, value in SECRETS.items():
        stack.write_secret(name, value)
    return stack


def test_secrets_in_files_reach_bridge_and_broker_and_no_docker_inspect_shows_one(new_stack, services):
    stack = with_secrets(new_stack)
    stack.compose("create", "--no-build", *services)
    stack.up("bridge", "mosquitto")
    eventually(lambda: "upstream: tb.invalid:1883" in stack.logs("mosquitto"), "the broker has its token")
    checked = docker("exec", stack.container("bridge"), "bridge", "check")
    assert re.search(r"thingsboard\.token|THINGSBOARD__TOKEN\s+<secret>\s+/secrets/THINGSBOARD__TOKEN", checked)
    assert re.search(r"METERS__HALL__ENCRYPTION_KEY|hall.*<secret>", checked, re.IGNORECASE)
    shown = "".join(json.dumps(stack.inspect(service)) for service in services)
    assert [name for name, value in SECRETS.items() if value in shown] == []
    said = stack.logs("bridge") + stack.logs("mosquitto")
    assert [name for name, value in SECRETS.items() if value in said] == []
    assert "docker inspect shows" not in said


def test_grafana_sees_its_own_secret_and_no_other(new_stack):
    stack = with_secrets(new_stack)
    config = json.loads(stack.compose("config", "--format", "json"))
    mounts = {one["target"]: one for one in config["services"]["grafana"]["volumes"]}
    assert mounts["/secrets"]["source"] == str(stack.folder / "secrets/grafana")
    assert mounts["/secrets"]["read_only"] is True


def test_secrets_in_the_env_file_still_work_and_are_said(new_stack):
    stack = new_stack(f"{ADDRESSES}THINGSBOARD__TOKEN=tok-3f1a9c77\nMETERS__MAIN__PASSWORD=pass-5b2e8d10\n")
    stack.write_secret("METERS__HALL__ENCRYPTION_KEY", SECRETS["METERS__HALL__ENCRYPTION_KEY"])
    stack.write_secret("METERS__HALL__AUTHENTICATION_KEY", SECRETS["METERS__HALL__AUTHENTICATION_KEY"])
    stack.up("bridge", "mosquitto")
    eventually(lambda: "upstream: tb.invalid:1883" in stack.logs("mosquitto"), "the broker has its token")
    said = eventually(lambda: "docker inspect shows" in (text := stack.logs("bridge")) and text, "they are said")
    assert "docker inspect shows 2 secrets of .env: METERS__MAIN__PASSWORD, THINGSBOARD__TOKEN" in said
    assert "tok-3f1a9c77" not in said


def test_dockers_own_secrets_go_on_working_beside_the_folder(new_stack):
    stack = new_stack(ADDRESSES)
    for name in ("METERS__HALL__ENCRYPTION_KEY", "METERS__HALL__AUTHENTICATION_KEY"):
        stack.write_secret(name, SECRETS[name])
    (stack.folder / "token.txt").write_text("tok-3f1a9c77\n")
    stack.override(
        "services:\n  bridge: {secrets: [THINGSBOARD__TOKEN]}\n  mosquitto: {secrets: [THINGSBOARD__TOKEN]}\n"
        "secrets:\n  THINGSBOARD__TOKEN: {file: ./token.txt}\n"
    )
    stack.up("bridge", "mosquitto")
    eventually(lambda: "upstream: tb.invalid:1883" in stack.logs("mosquitto"), "the broker has its token")
    assert "/run/secrets/THINGSBOARD__TOKEN" in docker("exec", stack.container("bridge"), "bridge", "check")


def test_a_secret_that_the_bridge_may_not_read_is_named_with_what_to_do(new_stack):
    stack = with_secrets(new_stack)
    (stack.folder / "secrets/THINGSBOARD__TOKEN").chmod(0o600)
    stack.up("bridge")
    said = eventually(lambda: "THINGSBOARD__TOKEN: cannot be read" in (text := stack.logs("bridge")) and text, "said")
    assert "the bridge's user needs the right to" in said
    (stack.folder / "secrets").chmod(0o700)
    stack.compose("restart", "bridge")
    eventually(lambda: "the secrets cannot be listed" in stack.logs("bridge"), "the folder is named, too")


@pytest.mark.parametrize("secret", ["grafana_admin_password", "GRAFANA_ADMIN_PASSWORD"])
def test_grafanas_password_that_cannot_be_read_lets_nobody_look_instead(images, tmp_path, secret):
    image = re.search(r"eclipse-mosquitto:\S+", (TOP / "docker-compose.yml").read_text())
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / secret).write_text("graf-9a41cc02\n")
    (folder / secret).chmod(0o600)
    command = (
        "run", "--rm", "--user", "472:0", "--cap-drop", "ALL", "--entrypoint", "/bin/sh", "--volume",
        f"{TOP}/grafana/start.sh:/start.sh:ro", "--volume", f"{folder}:/secrets:ro", image.group(), "/start.sh",
    )  # fmt: skip
    assert f"/secrets/{secret} cannot be read by user 472" in docker(*command, check=False)
    folder.chmod(0o700)
    assert "/secrets cannot be read by user 472" in docker(*command, check=False)


def test_the_bridges_image_is_built_and_no_registry_is_asked_for_it(new_stack):
    stack = new_stack()
    stack.override("services:\n  bridge: {image: dlms-bridge:never-built-before}\n")
    try:
        said = stack.compose("up", "-d", "--no-deps", "bridge", timeout_s=600)
    finally:
        stack.down()
        docker("image", "rm", "-f", "dlms-bridge:never-built-before", check=False)
    assert "pull" not in said.lower()
