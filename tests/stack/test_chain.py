"""With ``THINGSBOARD__HOST`` set, the readings arrive there, and nothing else does."""

from __future__ import annotations

import shutil

from tests.stack.stack import docker, eventually
from tests.stack.thingsboard import ENV, TOKEN

EXPECTED = {
    "v1/gateway/telemetry",
    "v1/gateway/connect",
    "v1/gateway/attributes",
    "v1/devices/me/telemetry",
    "v1/devices/me/attributes",
    "v1/devices/me/attributes/request/+",
    "v1/devices/me/rpc/request/+",
    "v1/gateway/attributes/request",
}


def test_samples_arrive_on_the_gateway_topic_and_nothing_unexpected_does(new_stack, thingsboard):
    stack = new_stack(ENV)
    stack.up("mosquitto", "bridge")
    thingsboard.join(f"{stack.project}_broker")
    eventually(lambda: len(thingsboard.received()) >= 10, "ten samples upstream")

    assert {"v1/gateway/telemetry", "v1/devices/me/rpc/request/+"} <= thingsboard.topics <= EXPECTED
    assert set(thingsboard.values["demo"]) == {
        "voltage_l1", "current_l1", "frequency", "active_power", "active_energy",
    }  # fmt: skip
    assert thingsboard.questions >= 1
    # Confirmed by a mark that came back, they leave the disk: what waits stays small while samples keep coming.
    eventually(lambda: "dlms_outbox_confirmed_samples_total 0.0" not in stack.page("/metrics"), "samples confirmed")
    stack.compose("stop", "bridge")
    accepted = stack.committed()
    stack.up("bridge")
    eventually(lambda: accepted <= thingsboard.received(), "what waited on disk while the bridge was stopped")


def test_a_stranger_to_thingsboard_gets_nothing_through_but_the_outbox_keeps_all(new_stack, thingsboard):
    stack = new_stack(ENV.replace(TOKEN, "another-token"))
    stack.up("mosquitto", "bridge")
    thingsboard.join(f"{stack.project}_broker")
    eventually(lambda: len(stack.committed()) >= 5, "five samples on disk")
    assert thingsboard.received() == set()

    stack.write_env(ENV)
    stack.up("mosquitto", "bridge")
    eventually(lambda: len(thingsboard.received()) >= 5, "the right token lets them through")


def test_the_token_is_in_no_log_and_in_no_argument(new_stack, thingsboard):
    stack = new_stack(ENV)
    stack.up("mosquitto", "bridge")
    thingsboard.join(f"{stack.project}_broker")
    eventually(thingsboard.received, "a sample upstream")
    for service in ("mosquitto", "bridge"):
        assert TOKEN not in stack.logs(service)
        assert TOKEN not in docker("top", stack.container(service), "-o", "pid,args")


def test_a_token_from_a_docker_secret_is_taken_as_well(new_stack, tmp_path):
    stack = new_stack("THINGSBOARD__HOST=tb.invalid\n")
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    secret.chmod(0o644)
    mount = f"{secret}:/run/secrets/thingsboard__token:ro"
    name = stack.container("mosquitto")
    stack.compose("run", "--detach", "--name", name, "--volume", mount, "mosquitto")
    eventually(lambda: "upstream: tb.invalid:1883, TLS false" in stack.logs("mosquitto"), "the broker starts")
    assert f"remote_username {TOKEN}" in docker("exec", name, "cat", "/run/mosquitto/conf.d/upstream.conf").splitlines()
    assert TOKEN not in stack.logs("mosquitto")
    docker("rm", "--force", name)


def test_a_token_that_provisioning_gets_reaches_mosquitto_and_the_samples_follow(new_stack, thingsboard):
    provisioning = "THINGSBOARD__PROVISION_KEY=key\nTHINGSBOARD__PROVISION_SECRET=secret\n"
    stack = new_stack(ENV.replace(f"THINGSBOARD__TOKEN={TOKEN}\n", provisioning))
    stack.up("mosquitto", "bridge")
    eventually(lambda: "waiting for the token" in stack.logs("mosquitto"), "Mosquitto waits")
    assert "upstream:" not in stack.logs("mosquitto")
    thingsboard.join(f"{stack.project}_broker")
    eventually(thingsboard.received, "a sample upstream")
    assert TOKEN not in stack.logs("mosquitto") + stack.logs("bridge")
    # Kept: the next start waits for nothing and asks nobody.
    stack.compose("down")
    stack.up("mosquitto")
    eventually(lambda: "upstream: thingsboard:1883" in stack.logs("mosquitto"), "Mosquitto starts")
    assert "waiting" not in stack.logs("mosquitto")


def test_with_tls_and_a_certificate_authority_of_ones_own_the_samples_arrive(new_stack, thingsboard):
    stack = new_stack(ENV + "THINGSBOARD__TLS=true\nTHINGSBOARD__CA_FILE=/config/ca.pem\n")
    (stack.folder / "config").mkdir()
    shutil.copy(thingsboard.certificate, stack.folder / "config/ca.pem")
    stack.up("mosquitto", "bridge")
    thingsboard.join(f"{stack.project}_broker")
    eventually(thingsboard.received, "a sample upstream")


def test_a_server_that_another_authority_vouches_for_gets_nothing(new_stack, thingsboard):
    stack = new_stack(ENV + "THINGSBOARD__TLS=true\n")
    stack.up("mosquitto", "bridge")
    thingsboard.join(f"{stack.project}_broker")
    eventually(lambda: "certificate verify failed" in stack.logs("mosquitto"), "the certificate is refused")
    assert thingsboard.received() == set()
