"""``docker compose up -d`` with nothing configured, and each service with all others absent."""

from __future__ import annotations

import re
import time

import pytest

from tests.stack.stack import SERVICES, docker, eventually, image_size_mb

_PROMISED_S = 30


def test_without_any_env_file_the_demo_meter_is_on_mosquitto_and_in_prometheus_within_30_seconds(new_stack, capsys):
    stack = new_stack()
    started = time.monotonic()
    stack.up()
    live = stack.heard("meters/demo", within_s=_PROMISED_S)
    telemetry = stack.heard("v1/gateway/telemetry", within_s=_PROMISED_S)
    first_s = time.monotonic() - started

    def left_s() -> float:
        return started + _PROMISED_S - time.monotonic()

    page = eventually(
        lambda: (text := stack.page("/metrics")) and _ok_cycles(text) and text,
        "/metrics counts ok cycles",
        within_s=left_s(),
    )
    scraped = eventually(
        lambda: stack.metric('dlms_meter_cycles_total{meter="demo",result="ok"}'), "scraped", within_s=left_s()
    )
    all_s = time.monotonic() - started

    assert '"voltage_l1"' in live
    assert telemetry.startswith('{"demo":[{"ts":')
    assert _ok_cycles(page) >= 1
    assert scraped >= 1
    with capsys.disabled():
        print(f"\nlive and telemetry heard on the broker after {first_s:.1f} s, in Prometheus after {all_s:.1f} s")


def test_the_bridge_says_in_one_line_that_it_reads_a_demo_meter(new_stack):
    stack = new_stack()
    stack.up("bridge")
    said = eventually(lambda: "no meters configured" in (text := stack.logs("bridge")) and text, "the line")
    assert said.count("no meters configured") == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_healthy_with_every_other_absent(new_stack, service):
    stack = new_stack()
    stack.up(service)
    eventually(lambda: stack.health(service) == "healthy", f"{service} is healthy alone")
    if service == "bridge":
        assert stack.page("/healthz") == "ok\n"


def test_the_two_share_a_generated_password_that_survives_new_containers(new_stack):
    stack = new_stack()
    stack.up("bridge", "mosquitto")
    eventually(lambda: "connected to mosquitto" in stack.logs("bridge"), "the bridge is on the broker")
    assert "made a new password" in stack.logs("mosquitto")
    stack.compose("down")
    stack.up("bridge", "mosquitto")
    eventually(lambda: "connected to mosquitto" in stack.logs("bridge"), "the bridge is on the broker again")
    assert "made a new password" not in stack.logs("mosquitto")


def test_a_password_that_was_cut_short_is_made_again_and_the_bridge_takes_the_new_one(new_stack):
    stack = new_stack()
    stack.up("bridge", "mosquitto")
    eventually(lambda: "connected to mosquitto" in stack.logs("bridge"), "the bridge is on the broker")
    docker("exec", stack.container("mosquitto"), "sh", "-c", "echo bridge >/mosquitto/data/bridge")
    stack.compose("restart", "mosquitto")
    eventually(lambda: stack.logs("bridge").count("connected to mosquitto") == 2, "the bridge is on the broker again")
    assert stack.logs("mosquitto").count("made a new password for bridge") == 2


def test_the_image_is_slim(built, capsys):
    size_mb, base_mb = image_size_mb("dlms-bridge:under-test"), image_size_mb("python:3.13-slim-trixie")
    with capsys.disabled():
        print(f"\nimage: {size_mb:.0f} MB, of which {size_mb - base_mb:.0f} MB are the bridge and its dependencies")
    assert size_mb - base_mb < 70


def _ok_cycles(page: str) -> float:
    found = re.search(r'^dlms_meter_cycles_total\{meter="demo",result="ok"\} (\S+)', page, re.MULTILINE)
    return float(found[1]) if found else 0
