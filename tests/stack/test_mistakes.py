"""A wrong ``.env``: the container says which variable, and what is allowed, and does not pretend to run."""

from __future__ import annotations

import pytest

from tests.stack.stack import eventually

HOST, TOKEN = "THINGSBOARD__HOST=tb.invalid\n", "THINGSBOARD__TOKEN=a-secret-token\n"


def test_the_bridge_names_every_mistake_at_once_and_exits_with_2(new_stack):
    stack = new_stack("METERS__MAIN__PROT=3333\nMETERS__MAIN__PORT=70000\nPOLL__INTERVAL=soon\n")
    stack.up("bridge")
    said = eventually(lambda: "POLL__INTERVAL" in (text := stack.logs("bridge")) and text, "the mistakes are named")
    for name in ("METERS__MAIN__PROT", "METERS__MAIN__PORT", "METERS__MAIN__HOST", "POLL__INTERVAL"):
        assert name in said
    eventually(lambda: stack.inspect("bridge")["State"]["ExitCode"] == 2, "exit code 2")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        (HOST, "THINGSBOARD__TOKEN is missing"),
        (HOST + TOKEN + "THINGSBOARD__PORT=many\n", "THINGSBOARD__PORT must be a number from 1 to 65535"),
        (HOST + TOKEN + "THINGSBOARD__PORT=65536\n", "THINGSBOARD__PORT must be a number from 1 to 65535"),
        (HOST + TOKEN + "THINGSBOARD__TLS=perhaps\n", "THINGSBOARD__TLS must be true or false"),
        (HOST + TOKEN + "THINGSBOARD__TLS=true\nTHINGSBOARD__CA_FILE=/config/ca.pem\n", "THINGSBOARD__CA_FILE names"),
        (HOST + "THINGSBOARD__TLS=true\nTHINGSBOARD__CERT_FILE=/etc/hostname\n", "THINGSBOARD__KEY_FILE is missing"),
        ("THINGSBOARD__HOST=mqtt://tb.invalid\n" + TOKEN, "THINGSBOARD__HOST must be a name or an address alone"),
        ("THINGSBOARD__HOST=tb.invalid:1883\n" + TOKEN, "THINGSBOARD__HOST must not hold the port"),
        ("THINGSBOARD__HOST=tb invalid\n" + TOKEN, "THINGSBOARD__HOST holds a character"),
        (HOST + 'THINGSBOARD__TOKEN="a-secret-token\\ntopic # both"\n', "THINGSBOARD__TOKEN holds a space"),
    ],
)
def test_the_brokers_container_names_the_setting_and_never_the_token(new_stack, env, named):
    stack = new_stack(env)
    stack.up("mosquitto")
    said = eventually(lambda: named in (text := stack.logs("mosquitto")) and text, named)
    assert "a-secret-token" not in said
    eventually(lambda: stack.inspect("mosquitto")["State"]["ExitCode"] == 2, "exit code 2")


def test_tls_alone_turns_encryption_on_and_the_port_to_8883(new_stack):
    stack = new_stack(HOST + TOKEN + "THINGSBOARD__TLS=true\n")
    stack.up("mosquitto")
    eventually(lambda: "upstream: tb.invalid:8883, TLS true" in stack.logs("mosquitto"), "the broker starts")
    eventually(lambda: stack.health("mosquitto") == "healthy", "the broker is healthy with its upstream out of reach")
