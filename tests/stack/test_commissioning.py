"""The technician's commands in the container: what slim images, read-only roots and missing locales could break."""

from __future__ import annotations

import json
import time

import pytest

from tests.stack.stack import docker, eventually

PORT = 4060


@pytest.fixture
def stack(new_stack):
    """A stack that reads its demo meter, and a second one in the same container to be found."""
    stack = new_stack()
    stack.up("bridge", "mosquitto")
    eventually(lambda: stack.health("bridge") == "healthy", "the bridge is healthy")
    eventually(lambda: 'dlms_meter_up{meter="demo"} 1' in stack.page("/metrics"), "the demo meter is read")
    command(stack, "demo-meter", "--port", str(PORT), detached=True)
    return stack


def command(stack, *arguments, detached=False, **environ):
    given = [part for name, value in environ.items() for part in ("-e", f"{name}={value}")]
    options = ("-d",) if detached else ()
    return docker("exec", *options, *given, stack.container("bridge"), "bridge", *arguments, check=False)


def test_from_probe_to_the_first_sample(stack, capsys):
    started_s = time.monotonic()
    shown = command(stack, "probe", f"127.0.0.1:{PORT}", "--password", "12345678", "--name", "hall")
    lines = [line for line in shown.splitlines() if line.startswith("METERS__HALL__")]
    assert f"METERS__HALL__PORT={PORT}" in lines, shown
    assert "12345678" not in shown
    probed_s = time.monotonic() - started_s
    password = next(line for line in lines if "PASSWORD=" in line)
    stack.write_env("\n".join(line + "12345678" if line == password else line for line in lines))
    # The new container has no second meter in it until one is started there.
    stack.compose("up", "-d", "bridge")
    command(stack, "demo-meter", "--port", str(PORT), detached=True)
    eventually(lambda: "voltage_l1" in stack.heard("meters/hall"), "the first sample")
    assert "voltage_l1" in command(stack, "read", "hall")
    with capsys.disabled():
        took_s = time.monotonic() - started_s
        print(
            f"\nprobe took {probed_s:.1f} s; from its start to the first sample, new container included: {took_s:.1f} s"
        )


def test_the_doctor_finds_the_stack_well_and_says_what_it_cannot_see(stack):
    eventually(
        lambda: stack.page("/metrics").count("dlms_delivery_last_confirmed_timestamp_seconds 1"), "a confirmation"
    )
    findings = json.loads(command(stack, "doctor", "--json"))
    assert [one["text"] for one in findings["findings"] if one["sign"] == "bad"] == []
    assert findings["exit_code"] == 0


def test_the_commands_speak_spanish_in_an_image_without_locales(stack):
    assert "no hay medidores configurados" in command(stack, "check", LANG="es_MX.UTF-8")
    assert "✔" in command(stack, "doctor", LANG="es_MX.UTF-8")
